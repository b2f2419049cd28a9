import { attempt } from "../../core/errors.ts";
import { draw } from "../../core/rng.ts";
import type { RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordSettings } from "../../core/recordings/types.ts";
import type { HeaderMap } from "../../core/types.ts";
import type { Admitted } from "../admission.ts";
import { credentials } from "../headers.ts";
import type { ActDeps, Receiver, Request, Runtime } from "../types.ts";
import { bodyHashOf, semanticHashOf } from "./facts.ts";
import { Tee } from "./tee.ts";
import type { OpenRecording } from "./types.ts";

/** What a recording is begun with. */
type Recorded = {
  readonly admitted: Admitted;
  readonly request: Request;
  readonly runtime: Runtime;
  readonly startedAtMs: number;
};

/**
 * A tee in front of the relay of a call that shall be recorded.
 *
 * @param now of the call, in milliseconds
 * @returns undefined for a call that is not recorded
 */
export function teeFor(
  { admitted: { decision, call }, runtime: { snapshot } }: Pick<Recorded, "admitted" | "runtime">,
  relay: Receiver,
  now: () => number,
): Tee | undefined {
  const { record, rule } = decision;
  if (record === undefined) return undefined;
  const isDrawn = record.percentage >= 100 || draw(snapshot.seed, `record ${rule}`, call.id) * 100 < record.percentage;
  return isDrawn ? new Tee(relay, now) : undefined;
}

/** Begins the recording of a call whose upstream has been asked; what is noted of its request is read now. */
export function beginRecording(
  writer: ActDeps["recordings"],
  upstream: string,
  recorded: Recorded,
): OpenRecording | undefined {
  const { record } = recorded.admitted.decision;
  if (writer === undefined || record === undefined) return undefined;
  return writer.begin(record, startOf(recorded, upstream, record), secretsOf(recorded, upstream));
}

function startOf(
  { admitted, request, startedAtMs }: Recorded,
  upstream: string,
  { bodies }: RecordSettings,
): RecordingStart {
  const { facts } = admitted.call;
  return {
    time: startedAtMs,
    id: request.id,
    rule: admitted.decision.rule,
    upstream,
    request: {
      method: request.method,
      target: request.target,
      dialect: request.dialect.name,
      operation: request.operation?.name,
      model: facts.model,
      stream: facts.stream,
      promptTokens: attempt(() => facts.promptTokens()),
      bodyHash: bodyHashOf(request),
      semanticHash: semanticHashOf(request, facts),
      body: bodies ? request.body?.text() : undefined,
    },
  };
}

/** The keys of the caller and of the upstream, which a response may repeat. */
function secretsOf({ request, runtime }: Recorded, upstream: string): string[] {
  const own = runtime.upstreams.get(upstream)?.credential?.[1];
  const given = [...credentials].map((name) => request.headers[name]);
  const { keyParameter } = request.dialect;
  const inQuery = keyParameter === undefined ? undefined : keyIn(request, keyParameter);
  return [own, ...given, inQuery].flatMap((value) => (value === undefined ? [] : [bare(value)]));
}

function keyIn({ target }: Request, name: string): string | undefined {
  const at = target.indexOf("?");
  return at === -1 ? undefined : (new URLSearchParams(target.slice(at)).get(name) ?? undefined);
}

/** A key without the scheme before it. */
function bare(value: NonNullable<HeaderMap[string]>): string {
  return value.replace(/^\w+ +/, "");
}

import type { Receiver } from "../live.ts";
import { attempt } from "../../core/errors.ts";
import { draw } from "../../core/rng.ts";
import type { RecordingStart } from "../../core/recordings/lines.ts";
import type { RecordSettings } from "../../core/recordings/types.ts";
import type { HeaderMap } from "../../core/types.ts";
import type { Admitted } from "../admission.ts";
import { credentials } from "../headers.ts";
import type { CallRecord } from "../outcome.ts";
import type { ActDeps, Request, UpstreamRuntime } from "../types.ts";
import { bodyHashOf, semanticHashOf } from "./facts.ts";
import { Tee } from "./tee.ts";
import type { OpenRecording } from "./types.ts";

/** What a recording is begun with. */
type Recorded = { readonly admitted: Admitted; readonly record: CallRecord; readonly to: UpstreamRuntime };

/**
 * A tee in front of the relay of a call that shall be recorded.
 *
 * @param call its clock, and the seed of draws
 * @returns undefined for a call that is not drawn
 */
export function teeFor(
  { decision, call: { id } }: Admitted,
  relay: Receiver,
  { record, seed }: { readonly record: CallRecord; readonly seed: number },
): Tee | undefined {
  const { percentage = 0 } = decision.record ?? {};
  const isDrawn = percentage >= 100 || draw(seed, `record ${decision.rule}`, id) * 100 < percentage;
  return isDrawn ? new Tee(relay, () => record.now()) : undefined;
}

/** Begins the recording of a call whose upstream has been asked; what is noted of its request is read now. */
export function beginRecording(writer: ActDeps["recordings"], recorded: Recorded): OpenRecording | undefined {
  const { record } = recorded.admitted.decision;
  if (writer === undefined || record === undefined) return undefined;
  const { startedAtMs: time, request } = recorded.record;
  const bytes = request.body?.bytes.length ?? 0;
  return writer.begin(record, { time, bytes, secrets: secretsOf(recorded), start: startOf(recorded, record) });
}

/** Hashes are made when they are written, of a body that the call forgets before that. */
function startOf({ admitted, record, to }: Recorded, { bodies }: RecordSettings): () => RecordingStart {
  const { facts } = admitted.call;
  const { startedAtMs } = record;
  const { id, method, target, dialect, operation, body } = record.request;
  return () => ({
    time: startedAtMs,
    id,
    rule: admitted.decision.rule,
    upstream: to.upstream.name,
    request: {
      method,
      target,
      dialect: dialect.name,
      operation: operation?.name,
      model: facts.model,
      stream: facts.stream,
      promptTokens: attempt(() => facts.promptTokens()),
      bodyHash: bodyHashOf({ body }),
      semanticHash: semanticHashOf({ operation, body, method }, facts),
      body: bodies ? body?.text() : undefined,
    },
  });
}

/** The keys of the caller and of the upstream, which a response may repeat. */
function secretsOf({ record: { request }, to }: Recorded): string[] {
  const given = [...credentials].map((name) => request.headers[name]);
  const { keyParameter } = request.dialect;
  const inQuery = keyParameter === undefined ? undefined : keyIn(request, keyParameter);
  return [to.credential?.[1], ...given, inQuery].flatMap((value) => (value === undefined ? [] : [bare(value)]));
}

function keyIn({ target }: Request, name: string): string | undefined {
  const at = target.indexOf("?");
  return at === -1 ? undefined : (new URLSearchParams(target.slice(at)).get(name) ?? undefined);
}

/** A key without the scheme before it. */
function bare(value: NonNullable<HeaderMap[string]>): string {
  return value.replace(/^\w+ +/, "");
}

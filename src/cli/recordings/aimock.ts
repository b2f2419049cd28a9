import { aimockFixtures } from "../../config/replies/aimock.ts";
import { isMapping, listOf, mapOf, type Checked, type Raw } from "../../config/findings.ts";
import { pathText } from "../../config/places.ts";
import { hash32 } from "../../core/rng.ts";
import type { Recording } from "../../core/recordings/types.ts";
import type { Reply } from "../../core/replies/types.ts";
import { prepareProfile } from "../../core/simulator/profile.ts";
import { simulate } from "../../core/simulator/simulate.ts";
import type { Distribution, Frame, Plan } from "../../core/types.ts";
import type { Imported, ImportOptions } from "./imported.ts";
import { understood } from "./request.ts";

/**
 * The fixtures of aimock as recordings of chat completions, each in one piece and as a stream: a fixture whose message of the
 * user is a literal stands for the request with that message alone.
 */
export function fromAimock(raw: unknown, options: ImportOptions): Imported {
  const checked: Checked = { findings: [], warnings: [] };
  const fixtures = aimockFixtures(raw, checked);
  const imported: Imported = {
    recordings: [],
    problems: checked.findings.map(({ path, message }) =>
      path.length === 0 ? message : `${pathText(path)}: ${message}`,
    ),
  };
  const sources = listOf(mapOf(raw)["fixtures"]).map(mapOf);
  for (const [index, { reply }] of fixtures.entries()) {
    const fixture = sources[index] ?? {};
    const messages = messagesOf(mapOf(fixture["match"]));
    if (reply === undefined || messages === undefined) {
      const reason = reply === undefined ? "has no reply in words" : "needs match.userMessage, a string";
      imported.problems.push(`fixtures[${index}]: ${reason}`);
      continue;
    }
    for (const stream of [false, true])
      imported.recordings.push(recordingOf({ fixture, messages, reply, stream }, options));
  }
  return imported;
}

function messagesOf({ userMessage, systemMessage }: Raw): object[] | undefined {
  if (typeof userMessage !== "string" || userMessage === "") return undefined;
  const user = { role: "user", content: userMessage };
  return typeof systemMessage === "string" ? [{ role: "system", content: systemMessage }, user] : [user];
}

type Wanted = {
  readonly fixture: Raw;
  readonly messages: readonly object[];
  readonly reply: Reply;
  readonly stream: boolean;
};

const at = (value: number): Distribution => ({ kind: "constant", value });

function recordingOf(
  { fixture, messages, reply, stream }: Wanted,
  { bodies, model: usual, nowMs }: ImportOptions,
): Recording {
  const { model = usual } = mapOf(fixture["match"]);
  const body = JSON.stringify({ model, messages, ...(stream && { stream }) });
  const known = understood({ method: "POST", target: "/v1/chat/completions", headers: {}, body }, { bodies });
  if (known === undefined) throw new TypeError("A chat completion cannot be understood.");
  const id = `aimock-${hash32(body)}`;
  const plan = simulate(
    {
      ask: known.opened.ask({ fidelity: "lenient" }),
      profile: prepareProfile(profileFor(fixture)),
      overrides: {},
      reply,
      seed: hash32(body),
      inFlight: 1,
      maxOutputTokens: Infinity,
    },
    id,
    Math.floor(nowMs / 1000),
  );
  return played(plan, { time: nowMs, id, request: known.request });
}

/** aimock keeps the time to the first piece and the pace; without them all is there at once. */
function profileFor(fixture: Raw): Parameters<typeof prepareProfile>[0] {
  const { ttftMs = 0, interChunkDelaysMs } = timingsOf(fixture);
  const delays = listOf(interChunkDelaysMs).filter((each) => typeof each === "number");
  const itlMs = delays.length === 0 ? 0 : delays.reduce((sum, each) => sum + each, 0) / delays.length;
  return {
    name: "recorded",
    description: "",
    models: [],
    sources: {},
    ttftMs: at(typeof ttftMs === "number" ? ttftMs : 0),
    itlMs: at(itlMs),
    outputTokens: at(1),
    prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
    load: [],
  };
}

function timingsOf(fixture: Raw): Raw {
  const { recordedTimings } = fixture;
  return isMapping(recordedTimings) ? recordedTimings : mapOf(mapOf(fixture["response"])["recordedTimings"]);
}

function played({ head, headAtMs, frames, endAtMs }: Plan, of: Pick<Recording, "time" | "id" | "request">): Recording {
  return {
    ...of,
    file: "",
    status: head?.status ?? 200,
    headers: head?.headers ?? [],
    headAtMs,
    pieces: [...frames].map(({ atMs, data }) => ({ atMs, text: textOf(data) })),
    ending: "finish",
    endAtMs,
  };
}

function textOf(data: Frame["data"]): string {
  return typeof data === "string" ? data : Buffer.from(data).toString();
}

import { isUtf8 } from "node:buffer";
import { StuntdoubleError } from "../../core/errors.ts";
import { framesBy } from "../../core/frames.ts";
import { headerValue, keepHeaders, setHeaders } from "../../core/headers.ts";
import { dialectNamed } from "../../core/dialects/index.ts";
import { freshener, marksIn, type Marks } from "../../core/recordings/fresh.ts";
import type { RecordedPiece, Recording } from "../../core/recordings/types.ts";
import { createRng, hash32 } from "../../core/rng.ts";
import { planTiming } from "../../core/simulator/latency.ts";
import type { ReplaySettings } from "../../core/source.ts";
import type { Frame, Plan, Source } from "../../core/types.ts";
import type { Admitted } from "../admission.ts";
import { responseHeaders } from "../headers.ts";
import type { CallRecord } from "../outcome.ts";
import { asDecided } from "../plans.ts";
import type { Request, Runtime } from "../types.ts";

/** What a recording is played with. */
export type Replaying = {
  readonly runtime: Pick<Runtime, "snapshot" | "profiles" | "replays">;
  /** Calls in flight on this node, this one included. */
  readonly inFlight: number;
};

/**
 * The recorded response of a call, as its faults leave it.
 *
 * @param serve from a replay
 * @throws NOT_FOUND where no recording fits
 */
export function replayPlan(
  admitted: Admitted,
  record: CallRecord,
  { serve, runtime, inFlight }: Replaying & { readonly serve: Extract<Source, { from: "replay" }> },
): Plan {
  const { replay, recording: file } = serve;
  const recording = file === undefined ? undefined : runtime.replays?.named(replay.dir, file);
  if (recording === undefined) throw noRecording(replay);
  record.servedBy("replayed", recording.request.promptTokens);
  const script = scriptOf(recording);
  const seed = hash32(runtime.snapshot.seed, "replay", admitted.call.id);
  const timed = timesOf(script, recording, { replay, seed, runtime, inFlight });
  const isFresh = replay.ids === "fresh";
  const rewrite = isFresh ? freshener(script.marks(), seed, record.startedAtMs) : undefined;
  const plan = {
    head: { status: recording.status, headers: headersOf(recording, record.request, isFresh) },
    frames: framesOf(script.frames, timed.atMs, rewrite),
    ending: recording.ending,
    headAtMs: timed.headAtMs,
    endAtMs: timed.endAtMs,
  };
  const bytes = Array.isArray(plan.frames) ? {} : { bytes: waitingBytes };
  return asDecided({ ...plan, ...bytes }, admitted, { record, label: "replay" });
}

/** The frames of a recording are there once for all that play it. */
const waitingBytes = 2000;

function noRecording({ dir, match }: ReplaySettings): StuntdoubleError {
  return new StuntdoubleError("NOT_FOUND", `No recording in ${dir} fits this request (match: ${match}).`);
}

function headersOf({ headers, status }: Recording, { dialect, id }: Request, isFresh: boolean): string[] {
  // The length of what is sent is told by whoever frames it.
  const kept = responseHeaders(headers, status === 304);
  if (!isFresh) return kept;
  const fresh = keepHeaders(kept, (name) => name !== "date");
  setHeaders(fresh, [dialect.requestIdHeader, id]);
  return fresh;
}

/** A recording in frames: the events of a stream, or its body. */
type PlayedScript = { readonly frames: readonly Frame[]; readonly isStream: boolean; marks(): Marks };

const scripts = new WeakMap<Recording, PlayedScript>();

function scriptOf(recording: Recording): PlayedScript {
  const known = scripts.get(recording);
  if (known !== undefined) return known;
  const frames = streamFrames(recording);
  const all = frames ?? wholeFrames(recording);
  let marks: Marks | undefined;
  const made: PlayedScript = {
    frames: all,
    isStream: frames !== undefined,
    marks: () => (marks ??= marksIn(all.flatMap(({ data }) => (typeof data === "string" ? [data] : [])))),
  };
  scripts.set(recording, made);
  return made;
}

/** Each event with the time of the piece that completed it; undefined for what is no stream of its API. */
function streamFrames({ request, headers, pieces, endAtMs }: Recording): Frame[] | undefined {
  if (headerValue(headers, "content-encoding") !== undefined) return undefined;
  const type = (headerValue(headers, "content-type") ?? "").toLowerCase();
  const reader = dialectNamed(request.dialect)?.readStream(type, request.target);
  if (reader === undefined) return undefined;
  const frames = pieces.flatMap((piece) => reader.push(piece.atMs, bytesOf(piece)));
  const rest = reader.flush(endAtMs);
  if (rest !== undefined) frames.push({ ...rest, atMs: pieces.at(-1)?.atMs ?? endAtMs });
  return frames.map((frame) => ({ ...frame, data: asText(frame.data) }));
}

function wholeFrames({ request, pieces, ending }: Recording): Frame[] {
  const last = pieces.at(-1);
  if (last === undefined) return [];
  const body = Buffer.concat(pieces.map(bytesOf));
  const tokens = dialectNamed(request.dialect)?.readUsage(body) ?? 0;
  return [{ atMs: last.atMs, data: asText(body), tokens, final: ending === "finish" }];
}

function bytesOf(piece: RecordedPiece): Uint8Array {
  return "text" in piece ? Buffer.from(piece.text) : Buffer.from(piece.base64, "base64");
}

function asText(data: Frame["data"]): Frame["data"] {
  return typeof data !== "string" && isUtf8(data) ? Buffer.from(data).toString() : data;
}

type Times = { readonly headAtMs: number; readonly endAtMs: number; atMs(index: number): number };

type Timing = Replaying & { readonly replay: ReplaySettings; readonly seed: number };

function timesOf(script: PlayedScript, recording: Recording, timing: Timing): Times {
  const { replay } = timing;
  if (replay.timing === "profile") return profileTimes(script, recording, timing);
  const factor = replay.timing === "instant" ? 0 : replay.timing === "scaled" ? 1 / replay.speed : 1;
  return {
    headAtMs: recording.headAtMs * factor,
    endAtMs: recording.endAtMs * factor,
    atMs: (index) => (script.frames[index]?.atMs ?? 0) * factor,
  };
}

/** An event leaves with its last token; one without tokens with the one before it, and before the first token with that. */
function profileTimes({ frames, isStream }: PlayedScript, { request }: Recording, timing: Timing): Times {
  const { runtime, replay, seed, inFlight } = timing;
  const profile = runtime.profiles.find(request.model ?? "", replay.profile);
  const outputTokens = frames.reduce((sum, { tokens }) => sum + tokens, 0);
  const promptTokens = request.promptTokens ?? 0;
  const rng = createRng(seed);
  const { ttftMs, atMs, totalMs } = planTiming({ profile, promptTokens, outputTokens, inFlight, overrides: {}, rng });
  if (!isStream) return { headAtMs: totalMs, endAtMs: totalMs, atMs: () => totalMs };
  let given = 0;
  const times = frames.map(({ tokens }) => {
    given += tokens;
    return atMs[given - 1] ?? ttftMs;
  });
  return { headAtMs: 0, endAtMs: totalMs, atMs: (index) => times[index] ?? totalMs };
}

/** @param rewrite makes each text anew; undefined where it stays as it is */
function framesOf(
  frames: readonly Frame[],
  atMs: (index: number) => number,
  rewrite: ((text: string) => string) | undefined,
): Iterable<Frame> {
  const made = (frame: Frame, index: number): Frame => {
    const { data } = frame;
    return {
      ...frame,
      atMs: atMs(index),
      data: rewrite === undefined || typeof data !== "string" ? data : rewrite(data),
    };
  };
  if (frames.length <= 1) return frames.map(made);
  return framesBy(() => {
    let index = 0;
    return {
      next() {
        const frame = frames[index];
        if (frame === undefined) return { done: true, value: undefined };
        index += 1;
        return { done: false, value: made(frame, index - 1) };
      },
    };
  });
}

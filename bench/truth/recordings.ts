import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { understood } from "../../src/cli/recordings/request.ts";
import { recordingText } from "../../src/core/recordings/lines.ts";
import type { Recording } from "../../src/core/recordings/types.ts";
import { createRng, type Rng } from "../../src/core/rng.ts";
import {
  sampleStreams,
  streamRequests,
  type StreamRequest,
  type StreamSample,
} from "../../test/support/recordings/streams.ts";
import { figure, startStuntdouble, type Figure } from "../lib.ts";

/** How well recordings are replayed through a real socket. Times are in milliseconds. */
type RecordingsTruth = {
  readonly streams: number;
  readonly events: number;
  /** Streams whose bytes were those of their recording. */
  readonly equal: number;
  /** How long after its offset an event came, counted from when the request was sent. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How far an event was from its offset to the first event of its stream, to either side. */
  readonly pace: { readonly p50: number; readonly p99: number; readonly max: number };
  /** How late a bare timer of this process was meanwhile: what the machine itself adds. */
  readonly timer: { readonly p50: number; readonly p99: number; readonly max: number };
};

const port = 9460;
const maxLateMs = 2;
const maxEvents = 40;

type Replayed = { readonly recording: Recording; readonly request: StreamRequest };

/** Says how true replays are, and prints what the machine itself adds. */
export async function recordings(): Promise<readonly Figure[]> {
  const { streams, events, equal, late, pace, timer } = await measureRecordings();
  const shown = ({ p50, p99, max }: RecordingsTruth["late"]): string => `p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`;
  console.log(
    `recordings       ${events} events late by ${shown(late)}; off the first of their stream by ${shown(pace)}`,
  );
  console.log(`recordings       a bare timer of the client's process was late by ${shown(timer)}`);
  const unit = " ms";
  return [
    figure(`recordings, ${streams} streams of five APIs replayed: equal bytes`, equal, { atLeast: streams, digits: 0 }),
    figure("recordings, events after their offset, p99", late.p99, { atMost: maxLateMs, unit }),
    figure("recordings, events off their offset from the first of their stream, p99", pace.p99, {
      atMost: maxLateMs,
      unit,
    }),
  ];
}

/**
 * Replays streams verbatim, a few at a time, and compares each event with its recording.
 *
 * @param streams how many, of all APIs in turn
 * @param seed of the gaps between events
 */
async function measureRecordings(streams = 100, seed = 1): Promise<RecordingsTruth> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-truth-"));
  const all = await makeRecordings(folder, streams, createRng(seed));
  const config = `workers: 1\ndefault:\n  serve: replay\n  replay: { dir: "${folder}", match: exact, ids: verbatim }\n`;
  const node = await startStuntdouble("truth-recordings", config, port);
  try {
    for (const each of all.slice(0, streamRequests.length)) await replay(each);
    const timers = watchTimers();
    const results: Seen[] = [];
    for (const each of all) results.push(await replay(each));
    return judged(results, timers.stop());
  } finally {
    await node.stop();
    await rm(folder, { recursive: true });
  }
}

async function makeRecordings(folder: string, streams: number, rng: Rng): Promise<Replayed[]> {
  const samples = await sampleStreams(streamRequests);
  const made: Replayed[] = [];
  for (let index = 0; index < streams; index += 1) {
    const at = index % streamRequests.length;
    const { path: target, headers = {}, body, ...rest } = streamRequests[at]!;
    const request = { ...rest, path: target, headers, body: { ...body, metadata: { index: String(index) } } };
    const known = understood({ method: "POST", target, headers, body: JSON.stringify(request.body) }, false);
    if (known === undefined) throw new Error(`${target} cannot be understood.`);
    const recording = recordingOf(`${index}.ndjson`, samples[at]!, { request: known.request, rng });
    await writeFile(path.join(folder, recording.file), recordingText(recording));
    made.push({ recording, request });
  }
  return made;
}

/** A first event after 20 to 80 ms, then gaps of 1 to 15 ms. */
function recordingOf(
  file: string,
  { contentType, events }: StreamSample,
  made: { request: Recording["request"]; rng: Rng },
): Recording {
  const { request, rng } = made;
  const headAtMs = 20 + rng() * 60;
  let atMs = headAtMs;
  const kept = [...events.slice(0, maxEvents - 1), ...events.slice(maxEvents - 1).slice(-1)];
  const pieces = kept.map((text) => ({ atMs: (atMs += 1 + rng() * 14), text }));
  const headers = ["content-type", contentType];
  return { file, time: 0, id: file, request, status: 200, headers, headAtMs, pieces, ending: "finish", endAtMs: atMs };
}

type Seen = { readonly isEqual: boolean; readonly lateMs: readonly number[] };

function replay({ recording, request }: Replayed): Promise<Seen> {
  const wanted = recording.pieces.map((piece) => ("text" in piece ? piece.text : ""));
  const ends = wanted.map((text) => Buffer.byteLength(text));
  for (let index = 1; index < ends.length; index += 1) ends[index]! += ends[index - 1]!;
  return new Promise((resolve, reject) => {
    const lateMs: number[] = [];
    const chunks: Buffer[] = [];
    let bytes = 0;
    const headers = { "content-type": "application/json", ...request.headers };
    const sent = httpRequest({ port, host: "127.0.0.1", path: request.path, method: "POST", headers }, (response) => {
      response.on("data", (chunk: Buffer) => {
        const nowMs = performance.now() - startMs;
        chunks.push(chunk);
        bytes += chunk.length;
        while (lateMs.length < ends.length && ends[lateMs.length]! <= bytes)
          lateMs.push(nowMs - recording.pieces[lateMs.length]!.atMs);
      });
      response.on("end", () => resolve({ isEqual: Buffer.concat(chunks).toString() === wanted.join(""), lateMs }));
      response.on("error", reject);
    });
    sent.on("error", reject);
    const startMs = performance.now();
    sent.end(JSON.stringify(request.body));
  });
}

/** Sets one timer after the other, to see how late they are. */
function watchTimers(): { stop(): number[] } {
  const late: number[] = [];
  let timer: NodeJS.Timeout;
  const set = (): void => {
    const dueMs = performance.now() + 10;
    timer = setTimeout(() => {
      late.push(performance.now() - dueMs);
      set();
    }, 10);
  };
  set();
  return {
    stop() {
      clearTimeout(timer);
      return late;
    },
  };
}

function judged(results: readonly Seen[], timers: readonly number[]): RecordingsTruth {
  const late = results.flatMap(({ lateMs }) => lateMs);
  const pace = results.flatMap(({ lateMs: [first = 0, ...others] }) => others.map((each) => Math.abs(each - first)));
  const equal = results.filter(({ isEqual }) => isEqual).length;
  return {
    streams: results.length,
    events: late.length,
    equal,
    late: quantilesOf(late),
    pace: quantilesOf(pace),
    timer: quantilesOf(timers),
  };
}

function quantilesOf(values: readonly number[]): RecordingsTruth["late"] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return Math.round(value * 1000) / 1000;
  };
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { profileText } from "../../src/config/sections/profile-text.ts";
import type { TrafficRecord } from "../../src/core/records/types.ts";
import { quantileOf } from "../../src/core/statistics/quantile.ts";
import { figure, startStuntdouble, type Figure } from "../lib.ts";
import { createCaller, recordsOf } from "./callers.ts";
import { measuredData } from "./data.ts";

/** One request of a trace: milliseconds from the first, and lengths in tokens. */
type Arrival = { readonly atMs: number; readonly promptTokens: number; readonly outputTokens: number };

const port = 9474;
/** How many times faster than it was: a slice of some minutes takes half a minute. */
const speed = 10;
const maxCalls = { azure: 2000, mooncake: 1000 };
/** Prompts are sent as the numbers of their tokens: of long texts the count is an estimate. */
const token = 9;

/** Traces of production are replayed open-loop: each request at its own time, whatever becomes of those before. */
export async function traces(): Promise<readonly Figure[]> {
  const azure = measuredData("azure-llm-2023", "conv.csv");
  const mooncake = measuredData("mooncake-fast25", "conversation_trace.jsonl");
  return [
    ...(azure === undefined ? [] : await replayed("Azure 2023 chat", azureArrivals(azure).slice(0, maxCalls.azure))),
    ...(mooncake === undefined
      ? []
      : await replayed("Mooncake", mooncakeArrivals(mooncake).slice(0, maxCalls.mooncake))),
  ];
}

function azureArrivals(csv: string): Arrival[] {
  const [, ...rows] = csv.trim().split("\n");
  const times = rows
    .map((row) => row.split(","))
    .map(([time = "", prompt, output]) => ({
      atMs: Date.parse(`${time.slice(0, 19).replace(" ", "T")}Z`) + Number(time.slice(19, 27)) * 1000,
      promptTokens: Number(prompt),
      outputTokens: Number(output),
    }));
  return fromFirst(times);
}

function mooncakeArrivals(lines: string): Arrival[] {
  const rows = lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);
  return fromFirst(
    rows.map(({ timestamp = 0, input_length: promptTokens = 0, output_length: outputTokens = 0 }) => ({
      atMs: timestamp,
      promptTokens,
      outputTokens,
    })),
  );
}

function fromFirst(arrivals: readonly Arrival[]): Arrival[] {
  const sorted = arrivals.toSorted((a, b) => a.atMs - b.atMs);
  const startMs = sorted[0]?.atMs ?? 0;
  return sorted.map((arrival) => ({ ...arrival, atMs: arrival.atMs - startMs }));
}

async function replayed(name: string, arrivals: readonly Arrival[]): Promise<Figure[]> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-truth-"));
  await writeFile(path.join(folder, "long.yaml"), profileText(long));
  const config = `records: { memory: 10000 }\nworkers: 1\nprofiles: ${folder}\ndefault: { serve: simulate, profile: long }\n`;
  const node = await startStuntdouble("truth-traces", config, port);
  try {
    await warmUp();
    const sent = await offered(arrivals);
    const records = await recordsOf(port + 1, warmCalls + arrivals.length);
    return judged(name, arrivals, { records: records.filter(({ model }) => model === "trace"), sent });
  } finally {
    await node.stop();
    await rm(folder, { recursive: true });
  }
}

/** A response is as long as its request allows. */
const long = {
  name: "long",
  description: "",
  models: [],
  ttftMs: { kind: "constant", value: 50 },
  itlMs: { kind: "constant", value: 0 },
  outputTokens: { kind: "constant", value: 100_000 },
  prefill: { freePromptTokens: 0, msPer1000Tokens: 0 },
  load: [],
  sources: { ttftMs: "", itlMs: "", outputTokens: "", prefill: "", load: "" },
} as const;

const warmCalls = 300;

async function warmUp(): Promise<void> {
  const caller = createCaller(port);
  for (let index = 0; index < warmCalls; index += 1)
    await caller.ask("/v1/completions", bodyOf("warm", { promptTokens: 1 + 20 * index, outputTokens: 1 }));
  caller.close();
}

function bodyOf(model: string, { promptTokens, outputTokens }: Omit<Arrival, "atMs">): string {
  const prompt = Array.from({ length: promptTokens }, () => token);
  return JSON.stringify({ model, prompt, max_tokens: outputTokens });
}

/** @returns when each request was sent, milliseconds of the wall clock */
async function offered(arrivals: readonly Arrival[]): Promise<number[]> {
  const bodies = arrivals.map((arrival) => bodyOf("trace", arrival));
  const caller = createCaller(port);
  const asked: Promise<void>[] = [];
  const sent: number[] = [];
  const startMs = performance.now() + 100;
  for (const [index, { atMs }] of arrivals.entries()) {
    const waitMs = startMs + atMs / speed - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    sent.push(Date.now());
    // What is refused is seen in the records; nobody waits for it.
    asked.push(caller.ask("/v1/completions", bodies[index] ?? "").catch(() => undefined));
  }
  await Promise.all(asked);
  caller.close();
  return sent;
}

type Seen = { readonly records: readonly TrafficRecord[]; readonly sent: readonly number[] };

/** In the order of their arrival, which for requests of one moment says nothing: lengths are compared sorted. */
function judged(name: string, arrivals: readonly Arrival[], { records, sent }: Seen): Figure[] {
  const times = sorted(records.map(({ time }) => time));
  const due = arrivals.map(({ atMs }) => atMs / speed);
  const offMs = offOf(times, due);
  const sentOffMs = offOf(sent, due);
  const at = (values: readonly number[], share: number): number => quantileOf(sorted(values), share);
  const seconds = (due.at(-1) ?? 0) / 1000;
  console.log(
    `traces           ${name}: ${arrivals.length} requests in ${seconds.toFixed(1)} s, ${speed} times as fast as they came; ` +
      `the client was ${at(sentOffMs, 0.5).toFixed(1)} ms off at p50, ${at(sentOffMs, 0.99).toFixed(1)} ms at p99`,
  );
  const spanMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  const rateOff = Math.abs((1000 * seconds) / spanMs - 1) * 100;
  const got = records
    .filter(({ status }) => status === 200)
    .map(({ promptTokens = 0, actual }) => `${promptTokens} ${actual.outputTokens}`)
    .sort();
  const wanted = arrivals.map(({ promptTokens, outputTokens }) => `${promptTokens} ${outputTokens}`).sort();
  const equal = share(got, wanted) * 100;
  return [
    figure(`${name} trace × ${speed}: requests a second at the node, off`, rateOff, { atMost: 1, unit: " %" }),
    figure(`${name} trace × ${speed}: arrivals off their times, p99`, at(offMs, 0.99), {
      atMost: 20,
      digits: 1,
      unit: " ms",
    }),
    figure(`${name} trace: calls whose prompt and output tokens are those of the trace`, equal, {
      atLeast: 100,
      digits: 1,
      unit: " %",
    }),
  ];
}

/** How far each is from where it is due, the clocks of both being set by the median. */
function offOf(times: readonly number[], due: readonly number[]): number[] {
  const apart = due.map((dueMs, index) => (times[index] ?? 0) - dueMs);
  const usual = quantileOf(sorted(apart), 0.5);
  return apart.map((each) => Math.abs(each - usual));
}

/** The share of the wanted that was got, each as often as it is wanted. */
function share(got: readonly string[], wanted: readonly string[]): number {
  const left = new Map<string, number>();
  for (const each of got) left.set(each, (left.get(each) ?? 0) + 1);
  let found = 0;
  for (const each of wanted) {
    const count = left.get(each) ?? 0;
    if (count > 0) found += 1;
    left.set(each, count - 1);
  }
  return found / wanted.length;
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

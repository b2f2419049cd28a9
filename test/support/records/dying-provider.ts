import { setTimeout as sleep } from "node:timers/promises";
import type { LearnedModel } from "../../../src/core/learning/profile.ts";
import type { CallTiming, TrafficRecord } from "../../../src/core/records/types.ts";
import { createRng, type Rng } from "../../../src/core/rng.ts";
import { compare } from "../../../src/core/shadow/compare.ts";
import { defaultGates } from "../../../src/core/shadow/gates.ts";
import type { Comparison } from "../../../src/core/shadow/types.ts";
import { samplesOf } from "../../../src/core/statistics/samples.ts";
import { tokenEvent } from "../fake-upstream.ts";
import { startNode, until, type Node, type NodeOptions } from "../node.ts";
import { startUpstream, type ScriptedUpstream } from "../upstream.ts";

/** A provider whose speed no shipped profile has: some of its responses wait, and it sends in two paces. */
export async function startTimedProvider(seed = 1): Promise<ScriptedUpstream> {
  const rng = createRng(seed);
  return await startUpstream(async (response, received) => {
    await received.arrived;
    await sleep(providerTtftMs(rng));
    response.writeHead(200, { "content-type": "text/event-stream" });
    const tokens = Math.round(between(rng, 8, 16));
    for (let token = 0; token < tokens; token += 1) {
      if (token > 0) await sleep(rng() < 0.3 ? between(rng, 12, 16) : between(rng, 3, 7));
      response.write(tokenEvent("word "));
    }
    response.end("data: [DONE]\n\n");
  });
}

/** What its responses wait before their first token, in milliseconds. */
export function providerTtftMs(rng: Rng): number {
  return rng() < 0.15 ? between(rng, 90, 120) : between(rng, 30, 50);
}

function between(rng: Rng, from: number, to: number): number {
  return from + (to - from) * rng();
}

/** Starts a node that forwards all to a provider, learns from that, and stands in for it. */
export async function startLearningNode(
  url: string,
  learning: object,
  { more = {}, ...options }: NodeOptions & { readonly more?: object } = {},
): Promise<Node> {
  const breaker = { consecutiveFailures: 2, resetMs: 600_000, whenOpen: "simulate" };
  const config = {
    upstreams: { house: { url, breaker } },
    records: {},
    learning: { refreshMs: 200, ...learning },
    default: { serve: "forward", profile: { learn: "house" } },
    ...more,
  };
  return await startNode(config, options);
}

/** Asks for so many streams, some at a time, and reads them all. */
export async function askMany({ url }: Node, calls: number, atOnce = 20): Promise<void> {
  let left = calls;
  const client = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await ask(url);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}

async function ask(url: string): Promise<void> {
  const messages = [{ role: "user", content: "Canary-7f3a: hello" }];
  const response = await fetch(`${url}/v1/chat/completions?trace=Canary-7f3a`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer Canary-7f3a" },
    body: JSON.stringify({ model: "house-model", stream: true, messages }),
  });
  await response.text();
}

/** Has a node notice that its provider is gone. */
export async function openBreaker(node: Node): Promise<void> {
  await askMany(node, 2, 1);
}

type Listed = { readonly models: readonly (LearnedModel & { readonly isEnough: boolean })[] };

/** What a node has learned, once it has learned from so many calls. */
export async function learnedFrom(node: Node, calls: number): Promise<Listed["models"][number]> {
  return await until(`${calls} calls learned from`, async () => {
    const { models } = await node.admin<Listed>("/admin/v1/profiles/learned");
    return models.find((each) => each.calls >= calls);
  });
}

/** The latest records of a node. */
export async function recordsOf(node: Node): Promise<TrafficRecord[]> {
  const text = await (await fetch(`${node.adminUrl}/admin/v1/records`)).text();
  return text
    .trim()
    .split("\n")
    .map((line): TrafficRecord => JSON.parse(line));
}

/** What the provider did, and what the stand-in planned afterwards, held against each other. */
export function standInAgainst(records: readonly TrafficRecord[]): Readonly<Record<"ttftMs" | "gapMs", Comparison>> {
  const real = records.filter(({ mode }) => mode === "real").map(({ actual }) => actual);
  // A call whose upstream failed first has waited for that.
  const stoodIn = records.filter(({ standIn, cause }) => standIn === true && cause === undefined);
  const planned = stoodIn.flatMap((record) => record.planned ?? []);
  const held = (valuesOf: (timing: CallTiming) => readonly number[]): Comparison =>
    compare(samplesOf(real.map(valuesOf)), samplesOf(planned.map(valuesOf)), {
      gates: defaultGates,
      rng: createRng(1),
    });
  return {
    ttftMs: held(({ ttftMs }) => (ttftMs === undefined ? [] : [ttftMs])),
    gapMs: held(({ gapsMs }) => gapsMs),
  };
}

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Player } from "../../src/act/player.ts";
import { createWheel } from "../../src/act/timer-wheel.ts";
import { findOperation } from "../../src/core/dialects/index.ts";
import { openai } from "../../src/core/dialects/openai/index.ts";
import { bendPlan, prepareFault } from "../../src/core/faults/index.ts";
import { prepareProfile } from "../../src/core/simulator/profile.ts";
import { simulate } from "../../src/core/simulator/simulate.ts";
import type { FaultConfig, Frame, Plan } from "../../src/core/types.ts";
import { createBusyClock } from "../support/clocks/busy-clock.ts";
import { framesOf, made } from "../support/frames.ts";
import { profileOf } from "../support/profile.ts";
import { createRecordingReply } from "../support/reply.ts";
import { createTimes } from "../support/times.ts";

const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const messages = [{ role: "user", content: "Say hello in JSON" }];
const contents = [{ role: "user", parts: [{ text: "Hello" }] }];
const tools = [{ type: "function", function: { name: "f", parameters: schema } }];
const stop = fc.constantFrom([" the"], ["nowhere to be found"], [".", "a"]);

/** Some of the members, each in one of three draws, beside those that are always there. */
function body(fixed: object, some: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(some, { requiredKeys: [] }).map((drawn) => ({ ...fixed, ...drawn }));
}

const chat = (fixed: object) =>
  body(
    { model: "gpt-4o", messages, stream: true, ...fixed },
    {
      model: fc.constantFrom("gpt-4o", "o3"),
      n: fc.constantFrom(1, 2, 5),
      stop,
      tools: fc.constant(tools),
      logprobs: fc.constant(true),
      stream_options: fc.constantFrom({ include_usage: true }, { include_obfuscation: false }),
    },
  ).filter((request) => !("logprobs" in request && "model" in request && request.model === "o3"));
const responses = body(
  { model: "gpt-4o", input: "Hi", stream: true },
  {
    tools: fc.constant([{ type: "function", name: "f", parameters: schema, strict: false }]),
    include: fc.constant(["message.output_text.logprobs"]),
    store: fc.boolean(),
  },
);
const generated = fc.record({
  contents: fc.constant(contents),
  generationConfig: body(
    {},
    {
      candidateCount: fc.constantFrom(1, 3),
      stopSequences: stop,
      thinkingConfig: fc.constant({ includeThoughts: true, thinkingBudget: -1 }),
    },
  ),
});
const azure = "?api-version=2025-01-01-preview";

const requests: readonly (readonly [target: string, body: fc.Arbitrary<object>])[] = [
  ["/v1/chat/completions", chat({})],
  [
    "/v1/completions",
    body(
      { model: "m", prompt: ["a b", "c"], stream: true },
      { echo: fc.boolean(), logprobs: fc.constantFrom(0, 3), stop },
    ),
  ],
  ["/v1/responses", responses],
  [
    "/v1/messages",
    body(
      { model: "claude-sonnet-4-5", max_tokens: 4096, messages, stream: true },
      { thinking: fc.constant({ type: "enabled", budget_tokens: 1024 }) },
    ),
  ],
  ["/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", generated],
  ["/v1beta/models/gemini-2.5-flash:streamGenerateContent", generated],
  [
    "/api/chat",
    body(
      { model: "llama3.2", messages },
      { think: fc.boolean(), tools: fc.constant(tools), format: fc.constant(schema) },
    ),
  ],
  ["/api/generate", body({ model: "llama3.2", prompt: "Hi" }, { options: stop.map((each) => ({ stop: each })) })],
  [`/openai/deployments/gpt-4o/chat/completions${azure}`, chat({})],
  ["/api/v1/chat/completions", chat({})],
  ["/vllm/v1/chat/completions", chat({})],
  ["/groq/openai/v1/chat/completions", chat({})],
  ["/mistral/v1/chat/completions", chat({})],
  ["/deepseek/v1/chat/completions", chat({})],
  [
    "/v1/embeddings",
    fc.constant({ model: "text-embedding-3-small", input: Array.from({ length: 40 }, (_, at) => `${at}`) }),
  ],
];

const profile = prepareProfile(profileOf());

function planOf(target: string, request: object, { seed, tokens }: { seed: number; tokens: number }): Plan {
  const text = JSON.stringify(request);
  const headers = { "anthropic-version": "2023-06-01" };
  const operation = findOperation("POST", target.split("?")[0]!, headers).operation!;
  const opened = operation.open({
    headers,
    target,
    body: { bytes: Buffer.from(text), text: () => text },
    count: () => 3,
  });
  const ask = opened.ask();
  const simulation = { ask, profile, overrides: { outputTokens: tokens }, seed, inFlight: 1, maxOutputTokens: 250_000 };
  return simulate(simulation, "req_1", 1_700_000_000);
}

const drawn = fc.record({ seed: fc.nat(), tokens: fc.integer({ min: 1, max: 80 }) });
const runs = { numRuns: 40 };

const faults: fc.Arbitrary<FaultConfig[]> = fc.array(
  fc.constantFrom<FaultConfig>(
    { kind: "delay", ms: 20, afterTokens: 3 },
    { kind: "cut", afterTokens: 12 },
    { kind: "reset", afterMs: 400 },
    { kind: "hang", afterBytes: 900 },
    { kind: "drip", sliceBytes: 17 },
    { kind: "malformed", afterTokens: 2 },
    { kind: "clean-end" },
    { kind: "error-event", afterEvents: 4 },
  ),
  { minLength: 1, maxLength: 3 },
);

function bent(plan: Plan, configs: readonly FaultConfig[]): { plan: Omit<Plan, "bytes">; fired: readonly string[] } {
  const fired: string[] = [];
  const context = {
    dialect: openai,
    model: "m",
    requestId: "req_1",
    target: "/",
    fired: (kind: string) => void fired.push(kind),
  };
  const { bytes: _, ...result } = made(bendPlan(plan, configs.map(prepareFault), context));
  return { plan: result, fired };
}

describe.each(requests)("a plan for %s", (target, body) => {
  test("gives the same frames whether it is read at once or frame by frame beside others", () => {
    fc.assert(
      fc.property(body, drawn, fc.infiniteStream(fc.boolean()), (request, wished, turns) => {
        const plan = planOf(target, request, wished);
        const whole = framesOf(plan);
        const readings = [plan, plan].map(({ frames }) => ({ left: frames[Symbol.iterator](), read: [] as Frame[] }));
        for (let open = readings; open.length > 0;) {
          const reading = open[turns.next().value === true ? 0 : open.length - 1]!;
          const next = reading.left.next();
          if (next.done === true) open = open.filter((each) => each !== reading);
          else reading.read.push(next.value);
        }
        for (const { read } of readings) expect(read).toEqual(whole);
      }),
      runs,
    );
  });

  test("is played as the frames that it has, byte for byte", () => {
    fc.assert(
      fc.property(body, drawn, (request, wished) => {
        const plan = planOf(target, request, wished);
        const clock = createBusyClock();
        const reply = createRecordingReply(clock);
        const told = { settled: () => undefined, failed: () => undefined, waiting: () => undefined };
        new Player(reply, createTimes({ clock, wheel: createWheel(clock) }), told).play(plan);
        clock.advance(plan.endAtMs + 10);
        const sent = reply.sent.flatMap(([, kind, data]) => (kind === "write" ? [String(data)] : []));
        expect(sent.join("")).toBe(
          framesOf(plan)
            .map(({ data }) => String(data))
            .join(""),
        );
      }),
      runs,
    );
  });

  test("is bent by faults as if all of it were there", () => {
    fc.assert(
      fc.property(body, drawn, faults, (request, wished, configs) => {
        const plan = planOf(target, request, wished);
        expect(bent(plan, configs)).toEqual(bent(made(plan), configs));
      }),
      runs,
    );
  });
});

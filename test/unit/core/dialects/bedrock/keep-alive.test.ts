import { expect, test } from "vitest";
import { envelope } from "../../../../../src/core/dialects/bedrock/envelope.ts";
import { bedrock } from "../../../../../src/core/dialects/bedrock/index.ts";
import { withoutEffect } from "../../../../../src/core/faults/index.ts";
import { bendPlan, prepareFault } from "../../../../../src/core/faults/index.ts";
import { scriptOf } from "../support.ts";
import { ask, eventsOf, say } from "./support.ts";

function stalled(method: string, request: object, kind: string) {
  const plan = ask(method, request)
    .ask()
    .write(scriptOf(["Hello", " you"]));
  const fault = prepareFault({ kind: "stall", forMs: 250, with: kind, everyMs: 100, afterTokens: 1 });
  const context = { dialect: bedrock, operation: method, model: "m", requestId: "r", target: `/model/m/${method}` };
  return bendPlan(plan, [fault], { ...context, fired: () => undefined });
}

const converse = { messages: say("Hi") };

test("a stall sends deltas of the open block without text", () => {
  const events = eventsOf(stalled("converse-stream", converse, "emptyDeltas"));
  const empty = { type: "contentBlockDelta", json: { contentBlockIndex: 0, delta: { text: "" } } };
  expect(events.slice(2, 4)).toEqual([empty, empty]);
});

test("in what was invoked they are the model's own", () => {
  const body = { anthropic_version: "bedrock-2023-05-31", max_tokens: 9, messages: [{ role: "user", content: "Hi" }] };
  const events = eventsOf(stalled("invoke-with-response-stream", body, "emptyDeltas"));
  expect(events.map(({ json }) => json["delta"]).filter((delta) => (delta?.["text"] as unknown) === "")).toHaveLength(
    2,
  );
});

test.each([
  [
    { type: "content_block_start", index: 1, content_block: { type: "text", text: "" } },
    { type: "text_delta", text: "" },
  ],
  [
    { type: "content_block_delta", index: 1, delta: { type: "thinking_delta", thinking: "Hm" } },
    { type: "thinking_delta", thinking: "" },
  ],
  [
    { type: "content_block_delta", index: 1, delta: { type: "signature_delta", signature: "x" } },
    { type: "thinking_delta", thinking: "" },
  ],
  [
    { type: "content_block_start", index: 1, content_block: { type: "tool_use", id: "t", name: "n", input: {} } },
    { type: "input_json_delta", partial_json: "" },
  ],
])("behind %j they are of the block that is open", (event, delta) => {
  const make = bedrock.keepAlive?.("emptyDeltas", "invoke-with-response-stream");
  const made =
    typeof make === "function" && make({ last: JSON.stringify(event), model: "m", requestId: "r", nowMs: 0 });
  const json = envelope.open(Buffer.from(made || ""));
  expect(JSON.parse(Buffer.from(json ?? "").toString())).toEqual({ type: "content_block_delta", index: 1, delta });
});

test.each(["comments", "pings"])("its streams have no %s, which is told", (kind) => {
  expect(() => stalled("converse-stream", converse, kind)).toThrow(
    `The fault stall has no ${kind} in the API bedrock (converse-stream); use emptyDeltas.`,
  );
});

test.each<[object, boolean | undefined, string | undefined]>([
  [{ kind: "framing", what: "cr" }, true, "events of bedrock are no text"],
  [{ kind: "framing", what: "bom" }, true, "events of bedrock are no text"],
  [{ kind: "framing", what: "bom" }, undefined, undefined],
  [{ kind: "framing", what: "checksum" }, true, undefined],
  [{ kind: "stall", with: "comments" }, true, "streams of bedrock have no comments"],
  [{ kind: "stall", with: "comments" }, undefined, undefined],
])("whether %j takes effect is known in advance, streamed %s: %s", (fault, stream, reason) => {
  expect(withoutEffect(fault as { kind: string }, { dialect: bedrock, stream })).toBe(reason);
});

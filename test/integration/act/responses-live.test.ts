import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { hang, json, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    control: { enabled: true },
    upstreams: { openai: { url: upstream.url } },
    default: { serve: "forward" },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const response = { id: "resp_1", object: "response", usage: { input_tokens: 2, output_tokens: 3 } };
const events = [
  { type: "response.created", response },
  ...["one", " two", " three"].map((delta) => ({ type: "response.output_text.delta", delta })),
  { type: "response.output_text.done", text: "one two three" },
  { type: "response.completed", response },
].map((event, index) => `event: ${event.type}\ndata: ${JSON.stringify({ ...event, sequence_number: index })}\n\n`);

const ask = async (stream: boolean, control = ""): Promise<string> => {
  const headers = { "content-type": "application/json", "x-stuntdouble": control };
  const body = JSON.stringify({ model: "gpt-4o", input: "Hi", stream });
  return await (await fetch(`${node.url}/v1/responses`, { method: "POST", headers, body })).text();
};

test("tokens of a real response are counted, streamed or not", async () => {
  upstream.script(sse(events));
  expect(await ask(true)).toBe(events.join(""));
  upstream.script(json(response));
  await ask(false);
  const [whole, streamed] = await node.outcomes(2);
  expect([streamed?.actual.tokens, whole?.actual.tokens]).toEqual([3, 3]);
  expect(streamed).toMatchObject({ operation: "responses", model: "gpt-4o", stream: true, mode: "real" });
});

test("faults find their place in a real response", async () => {
  upstream.script(sse(events));
  expect(await ask(true, "fault=clean-end")).toBe(events.slice(0, -1).join(""));
  const told = await ask(true, "fault=error-event;after=2;status=500");
  expect(told.startsWith(events.slice(0, 3).join(""))).toBe(true);
  expect(told.slice(events.slice(0, 3).join("").length)).toBe(
    'event: error\ndata: {"type":"error","sequence_number":3,"code":null,"message":"The server had an error while processing your request.","param":null}\n\n',
  );
});

import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { followGuide, type Followed } from "../../support/guide.ts";
import type * as nodes from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let guide: Followed;
let upstream: ScriptedUpstream;
let node: nodes.Node;

beforeAll(async () => {
  guide = await followGuide("docs/adding-a-fault.md");
  upstream = await startUpstream(sse(chatEvents(["alpha", "beta", "gamma"])));
  const { startNode } = (await import(path.join(guide.folder, "test/support/node.ts"))) as typeof nodes;
  const simulated = {
    name: "simulated",
    match: { model: "simulated" },
    serve: "simulate",
    profile: "instant",
  } as const;
  node = await startNode({
    upstreams: { openai: { url: upstream.url } },
    rules: [simulated],
    default: { serve: "forward" },
    control: { enabled: true },
  });
}, 60_000);

afterAll(async () => {
  await node.stop();
  await upstream.stop();
  await guide.remove();
});

test("the code of the guide is typed and formatted as that of the repository", async () => {
  const run = guide.run("npx tsc -p . && npx tsc -p src/core && npm run -s format:check");
  await expect(run).resolves.toContain("All matched files use the correct format.");
}, 180_000);

test("what the guide asks to run passes with its fault, its test and its paragraph", async () => {
  for (const command of guide.commands) await guide.run(command);
  await expect(guide.run("npm run -s schema:check")).resolves.toBe("");
}, 180_000);

test.each(["simulated", "real"])(
  "a caller who asks for the fault of the guide gets an event of a %s stream twice",
  async (model) => {
    const request = postText("/v1/chat/completions", chatBody({ model, stream: true }), [
      "x-stuntdouble: fault=duplicate;after=2",
    ]);
    const { body } = await rawRequest(node.port, request, { enough: (text) => text.endsWith("\r\n0\r\n\r\n") });
    const events = body.split("\n\n");
    expect(events.filter((event, index) => event === events[index - 1])).toEqual([events[3]]);
  },
);

import { afterAll, beforeAll, expect, test } from "vitest";
import { findOperation } from "../../../src/core/dialects/index.ts";
import { envelope } from "../../../src/core/dialects/bedrock/envelope.ts";
import { startNode, type Node } from "../../support/node.ts";

const path = "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse-stream";
const body = JSON.stringify({ messages: [{ role: "user", content: [{ text: "Count" }] }] });
const signature =
  "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261128/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=ab";

let provider: Node;
let node: Node;
beforeAll(async () => {
  const rule = { name: "text", serve: "simulate", reply: { text: "one two three four" } };
  provider = await startNode({ rules: [rule], responseHeaders: false });
  node = await startNode(
    {
      auth: { keys: [{ name: "team", env: "TEAM_KEY" }] },
      control: { enabled: true },
      upstreams: { bedrock: { url: provider.url, dialect: "bedrock" } },
      rules: [
        { name: "claude", match: { model: "us.anthropic.claude-*-v1:0" }, serve: "forward", upstream: "bedrock" },
      ],
    },
    { env: { TEAM_KEY: "team-secret" } },
  );
}, 60_000);
afterAll(async () => {
  await node.stop();
  await provider.stop();
});

function ask(headers: Readonly<Record<string, string>>, url = node.url): Promise<Response> {
  return fetch(url + path, { method: "POST", headers, body });
}

const key = { authorization: "Bearer team-secret" };

test("a stream is forwarded by a rule for its model, and its events are those of the provider", async () => {
  const response = await ask(key);
  expect(response.headers.get("x-stuntdouble-rule")).toBe("claude");
  expect(response.headers.get("content-type")).toBe("application/vnd.amazon.eventstream");
  const [forwarded, direct] = [await response.arrayBuffer(), await (await ask({}, provider.url)).arrayBuffer()];
  // Only the latency that the last event tells may be another.
  expect(Buffer.from(forwarded).subarray(0, 600)).toEqual(Buffer.from(direct).subarray(0, 600));
});

test("a fault at a token of a forwarded stream is an exception behind it", async () => {
  const response = await ask({ ...key, "x-stuntdouble": "fault=error-event;after=2;status=429" });
  const bytes = Buffer.from(await response.arrayBuffer());
  const { dialect } = findOperation("POST", path, {});
  const frames = dialect.readStream("application/vnd.amazon.eventstream")!.push(0, bytes);
  expect(frames.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(2);
  const last = Buffer.from(frames.at(-1)!.data);
  expect(last.toString("latin1")).toContain("throttlingException");
  expect(Buffer.from(envelope.open(last)!).toString()).toBe(
    `{"message":"Too many requests, please wait before trying again."}`,
  );
});

test.each([
  ["no key", {}, "MissingAuthenticationTokenException"],
  ["a signature, which has no key in it", { authorization: signature }, "MissingAuthenticationTokenException"],
  ["a wrong key", { authorization: "Bearer nobody" }, "AccessDeniedException"],
])("a call with %s is forbidden, and its secrets are in no log", async (_, headers, type) => {
  const response = await ask(headers);
  expect(response.status).toBe(403);
  expect(response.headers.get("x-amzn-errortype")).toMatch(new RegExp(`^${type}:`));
  expect(node.logLines().join("\n")).not.toMatch(/AKIDEXAMPLE|Signature=ab|nobody/);
});

test("where no keys are configured, any signature will do", async () => {
  expect((await ask({ authorization: signature }, provider.url)).status).toBe(200);
});

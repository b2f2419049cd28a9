import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

/** What the script prints, by task. */
type Seen = {
  text: Both;
  limited: Both;
  tool: Both;
  reasoning: Both;
  violations: string[];
  invoked: { whole: string; streamed: string; tokens: number };
  counted: number;
  statuses: Record<string, Failure>;
  blank: Failure;
  faults: [fault: string, said: number, stop: string | null, error: string | null, code: string | null][];
};
type Message = { blocks: Record<string, unknown>[]; stop: string; usage: number };
type Both = { whole: Message; streamed: Message };
type Failure = { name: string; code: string; message: string; status: number };

async function seenAt(python: string, { url }: Node): Promise<Seen> {
  const script = path.join(import.meta.dirname, "bedrock_client.py");
  const { stdout } = await promisify(execFile)(python, [script], { env: { ...process.env, STUNTDOUBLE_URL: url } });
  return JSON.parse(stdout) as Seen;
}

describeWith("boto3", pythonWith("boto3"), "boto3 asking Amazon Bedrock Runtime", (python) => {
  let node: Node;
  let proxy: Node;
  let seen: Seen;
  let forwarded: Seen;
  beforeAll(async () => {
    const text = "one two three four five six seven eight nine ten one two three four five six seven eight nine ten";
    const rule = {
      name: "counts",
      match: { lastUserMessage: "twenty" },
      serve: "simulate",
      profile: "instant",
      reply: { text },
    };
    node = await startNode({ control: { enabled: true }, rules: [rule] });
    proxy = await startNode({
      control: { enabled: true },
      upstreams: { bedrock: { url: node.url, dialect: "bedrock" } },
      default: { serve: "forward", upstream: "bedrock" },
    });
    seen = await seenAt(python, node);
    forwarded = await seenAt(python, proxy);
  }, 120_000);
  afterAll(async () => {
    await proxy.stop();
    await node.stop();
  });

  test.each(["text", "limited", "tool", "reasoning"] as const)("gets the same streamed as whole: %s", (task) => {
    expect(seen[task].streamed).toEqual(seen[task].whole);
  });

  test("gets text cut off at its limit, calls of tools, and reasoning", () => {
    expect(seen.limited.whole).toMatchObject({ stop: "max_tokens", usage: 5 });
    expect(seen.tool.whole).toMatchObject({
      stop: "tool_use",
      blocks: [{ toolUse: { name: "weather", input: { city: expect.any(String) as string } } }],
    });
    expect(seen.reasoning.whole.blocks.map((block) => Object.keys(block)[0])).toEqual(["reasoning", "text"]);
  });

  test("gets nothing that the service's own description does not allow", () => {
    expect(seen.violations).toEqual([]);
  });

  test("gets what a model of Anthropic's says, invoked whole and streamed", () => {
    expect(seen.invoked.streamed).toBe(seen.invoked.whole);
    expect(seen.invoked.tokens).toBeGreaterThan(0);
    expect(seen.counted).toBeGreaterThan(0);
  });

  test.each([
    ["400", "ValidationException"],
    ["403", "AccessDeniedException"],
    ["404", "ResourceNotFoundException"],
    ["408", "ModelTimeoutException"],
    ["424", "ModelErrorException"],
    ["429", "ThrottlingException"],
    ["500", "InternalServerException"],
    ["503", "ServiceUnavailableException"],
  ])("raises the service's own exception for %s", (status, name) => {
    expect(seen.statuses[status]).toMatchObject({ name, code: name, status: Number(status) });
  });

  test("raises what the service says to a blank text", () => {
    expect(seen.blank).toMatchObject({
      name: "ValidationException",
      message: expect.stringContaining("is blank") as string,
    });
  });

  test("notices faults as it notices those of the service", () => {
    expect(Object.fromEntries(seen.faults.map(([fault, ...outcome]) => [fault, outcome]))).toEqual({
      "cut;after=7": [7, null, "ProtocolError", null],
      "error-event;after=7": [7, null, "EventStreamError", "serviceUnavailableException"],
      "error-event;after=7;status=429": [7, null, "EventStreamError", "throttlingException"],
      "clean-end": [20, null, null, null],
      // The client takes an event that it cannot read for one without members.
      "malformed;after=7": [7, null, "KeyError", null],
      "event;what=lost;after=7": [19, "end_turn", null, null],
      "event;what=cut;after=7": [7, null, "ChecksumMismatch", null],
      "event;what=huge;bytes=1000": [20, "end_turn", null, null],
      "event;what=unknown-type;after=7": [20, "end_turn", null, null],
      "framing;what=checksum": [0, null, "ChecksumMismatch", null],
      "content;what=length": [1, "max_tokens", null, null],
      "usage;what=zero": [20, "end_turn", null, null],
      "stall;for-ms=300;with=emptyDeltas;every-ms=100;after=7": [20, "end_turn", null, null],
      "drip;slice-bytes=7": [20, "end_turn", null, null],
    });
  });

  test("meets the same faults on a stream that is forwarded", () => {
    expect(forwarded.faults).toEqual(seen.faults);
  });
});

import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/programs/missing.ts";
import { startNode, type Node } from "../support/node.ts";
import { pythonWith } from "../support/programs/index.ts";

/** What the script prints, by task. */
type Seen = {
  text: Both;
  limited: Both;
  tool: Both;
  thinking: Both;
  count: number;
  beta: unknown;
  models: { listed: string[]; one: string };
  statuses: Record<string, { name: string; status: number; type: string; named: boolean }>;
  refused: unknown;
  mid_stream: unknown;
  hang: unknown;
};
type Message = { kinds: string[]; content: Block[]; stop: string; usage: number };
type Block = Readonly<Record<string, unknown>>;
type Both = { whole: Message; streamed: Message };

/** What is said: ids and signatures are another each time. */
function saidBy({ content, ...rest }: Message) {
  return { ...rest, content: content.map(({ id: _id, signature: _signature, ...said }) => said) };
}

describeWith(
  "Python anthropic client",
  pythonWith("anthropic"),
  "the anthropic client for Python, validating strictly",
  (python) => {
    let node: Node;
    let seen: Seen;
    beforeAll(async () => {
      node = await startNode({ control: { enabled: true } });
      const script = path.join(import.meta.dirname, "anthropic_client.py");
      const env = { ...process.env, ANTHROPIC_BASE_URL: node.url };
      const { stdout } = await promisify(execFile)(python, [script], { env });
      seen = JSON.parse(stdout) as Seen;
    }, 60_000);
    afterAll(() => node.stop());

    test.each(["text", "limited", "tool", "thinking"] as const)(
      "gets the same message streamed as whole: %s",
      (task) => {
        const { whole, streamed } = seen[task];
        expect(saidBy(streamed)).toEqual(saidBy(whole));
      },
    );

    test("gets text, cut off at its limit", () => {
      expect(seen.text.whole).toMatchObject({ kinds: ["text"], stop: "end_turn", usage: 30 });
      expect(seen.limited.whole).toMatchObject({ kinds: ["text"], stop: "max_tokens", usage: 5 });
    });

    test("gets a call of the tool that it named", () => {
      const { kinds, content, stop } = seen.tool.streamed;
      expect([kinds, stop]).toEqual([["tool_use"], "tool_use"]);
      expect(content[0]).toMatchObject({ name: "get_weather", input: { place: expect.any(String) as string } });
    });

    test("gets thinking before the response", () => {
      expect(seen.thinking.streamed).toMatchObject({ kinds: ["thinking", "text"], usage: 40 });
    });

    test("gets a response to a request with features in beta", () => {
      expect(seen.beta).toEqual(["end_turn", 10]);
    });

    test("counts tokens and lists models page by page", () => {
      expect(seen.count).toBeGreaterThan(5);
      expect(seen.models.listed.length).toBeGreaterThan(4);
      expect(new Set(seen.models.listed).size).toBe(seen.models.listed.length);
      expect(seen.models.one).toBe("any-model");
    });

    test("raises the exception of each status", () => {
      const met = Object.entries(seen.statuses).map(([status, { name, type }]) => [Number(status), name, type]);
      expect(met).toEqual([
        [400, "BadRequestError", "invalid_request_error"],
        [401, "AuthenticationError", "authentication_error"],
        [402, "PaymentRequiredError", "billing_error"],
        [403, "PermissionDeniedError", "permission_error"],
        [404, "NotFoundError", "not_found_error"],
        [409, "ConflictError", "conflict_error"],
        [413, "ContentTooLargeError", "request_too_large"],
        [429, "RateLimitError", "rate_limit_error"],
        [500, "InternalServerError", "api_error"],
        [503, "ServiceUnavailableError", "api_error"],
        [504, "GatewayTimeoutError", "timeout_error"],
        [529, "OverloadedError", "overloaded_error"],
      ]);
      expect(Object.values(seen.statuses).every(({ named }) => named)).toBe(true);
    });

    test("raises the refusal of a bad request in the provider's words", () => {
      expect(seen.refused).toMatchObject({
        name: "BadRequestError",
        message: "stop_sequences: each stop sequence must contain non-whitespace",
      });
    });

    test("meets faults in the middle of a stream as it meets the real ones", () => {
      expect(seen.mid_stream).toEqual([
        ["cut", 7, null, "RemoteProtocolError"],
        ["reset", 7, null, "ReadError"],
        ["malformed", 7, null, "JSONDecodeError"],
        ["clean-end", 7, null, null],
      ]);
    });

    test("runs out of patience when a response hangs", () => {
      expect(seen.hang).toMatchObject({ name: "APITimeoutError" });
    });
  },
);

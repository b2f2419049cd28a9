import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith } from "../support/programs/missing.ts";
import { startNode, type Node } from "../support/node.ts";
import { pythonWith } from "../support/programs/index.ts";

/** What the script prints, by task. */
type Seen = {
  chat: unknown;
  stream: Stream;
  others: unknown;
  responses: unknown;
  response_streams: Record<string, { types: string[]; tokens: number; usage: number | null; error: string | null }>;
  moderations: unknown;
  features: unknown;
  statuses: unknown;
  mid_stream: Record<string, Stream>;
  hang: unknown;
};
type Stream = { tokens: string[]; finish: string | null; usage: number | null; error: string | null };

describeWith(
  "Python openai client",
  pythonWith("openai"),
  "the openai client for Python, validating strictly",
  (python) => {
    let node: Node;
    let seen: Seen;
    beforeAll(async () => {
      node = await startNode({ control: { enabled: true } });
      const script = path.join(import.meta.dirname, "openai_client.py");
      const env = { ...process.env, OPENAI_BASE_URL: `${node.url}/v1` };
      const { stdout } = await promisify(execFile)(python, [script], { env });
      seen = JSON.parse(stdout) as Seen;
    }, 60_000);
    afterAll(() => node.stop());

    test("gets a chat completion for any model", () => {
      expect(seen.chat).toEqual({
        model: "any-model",
        content: expect.stringMatching(/\w/) as string,
        finish: "length",
        usage: 20,
      });
    });

    test("gets a stream token by token, with a chunk of usage at its end", () => {
      const { tokens, ...rest } = seen.stream;
      expect(tokens).toHaveLength(30);
      expect(rest).toEqual({ finish: "stop", usage: 30, error: null });
    });

    test("gets text completions, embeddings and the list of models", () => {
      expect(seen.others).toEqual({
        completion: expect.stringMatching(/\w/) as string,
        embeddings: [32, 32],
        models: expect.arrayContaining(["gpt-4o"]) as string[],
      });
    });

    test("gets responses, goes on from them, asks for them again and has tools called", () => {
      expect(seen.responses).toEqual({
        status: "incomplete",
        same: true,
        input: ["Hi"],
        following: expect.stringMatching(/\w/) as string,
        gone: { type: "NotFoundError", status: 404 },
        types: ["reasoning", "function_call"],
        arguments: { city: expect.any(String) as string },
        told: expect.stringMatching(/\w/) as string,
      });
    });

    test("reads the events of responses, and counts as many tokens as the usage names", () => {
      const read = Object.entries(seen.response_streams).map(([what, { types, tokens, usage, error }]) => [
        what,
        types.at(-1),
        usage === null ? tokens : tokens - usage,
        error,
      ]);
      expect(read).toEqual([
        ["plain", "response.completed", 0, null],
        ["reasoning", "response.completed", 0, null],
        ["call", "response.completed", 0, null],
        ["cut off", "response.incomplete", 0, null],
        // This client passes the provider's error on as one more event, and raises nothing.
        ["told of an error", "error", 7, null],
        ["reset", "response.output_text.delta", 7, "ReadError"],
        ["malformed", "response.output_text.delta", 7, "JSONDecodeError"],
      ]);
    });

    test("gets moderations", () => {
      expect(seen.moderations).toEqual({ flagged: [false, true], violence: ["text", "image"] });
    });

    test("gets tool calls, JSON of a schema, logprobs, several choices and reasoning", () => {
      expect(seen.features).toEqual({
        call: ["tool_calls", `{"city":"Rome"}`],
        streamed_call: `{"city":"Rome"}`,
        old_call: ["function_call", `{"city":"Rome"}`],
        json: `{"ok":true}`,
        logprobs: [4, 4],
        reasoning: 10,
        completion: [4, 4, 4, 4],
      });
    });

    test("raises the exception of each status", () => {
      expect(seen.statuses).toEqual({
        429: { type: "RateLimitError", status: 429 },
        500: { type: "InternalServerError", status: 500 },
        503: { type: "InternalServerError", status: 503 },
        529: { type: "InternalServerError", status: 529 },
      });
    });

    test("meets faults in the middle of a stream as it meets the real ones", () => {
      const met = Object.entries(seen.mid_stream).map(([fault, { tokens, finish, error }]) => [
        fault,
        tokens.length,
        finish,
        error,
      ]);
      expect(met).toEqual([
        ["cut", 7, null, "RemoteProtocolError"],
        ["reset", 7, null, "ReadError"],
        ["malformed", 7, null, "JSONDecodeError"],
        ["clean-end", 7, null, null],
      ]);
    });

    test("runs out of patience when a response hangs", () => {
      expect(seen.hang).toMatchObject({ type: "APITimeoutError" });
    });
  },
);

import { execFile, spawnSync } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeWith, findProgram } from "../support/missing.ts";
import { startNode, type Node } from "../support/node.ts";

/** A Python that has the openai client. */
function pythonWithOpenai(): string | undefined {
  const python = findProgram("python3", "STUNTDOUBLE_PYTHON");
  if (python === undefined) return undefined;
  return spawnSync(python, ["-c", "import openai"]).status === 0 ? python : undefined;
}

/** What the script prints, by task. */
type Seen = {
  chat: unknown;
  stream: Stream;
  others: unknown;
  features: unknown;
  statuses: unknown;
  mid_stream: Record<string, Stream>;
  hang: unknown;
};
type Stream = { tokens: string[]; finish: string | null; usage: number | null; error: string | null };

describeWith(
  "Python openai client",
  pythonWithOpenai(),
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

    test("runs out of patience when an answer hangs", () => {
      expect(seen.hang).toMatchObject({ type: "APITimeoutError" });
    });
  },
);

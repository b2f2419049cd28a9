import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import type { Asked } from "./clients.ts";

/** The modules that `python_clients.py` imports. */
export const pythonModules = "openai, anthropic, google.genai, ollama, groq, mistralai, cohere";

/** Its clients, in the order of a row. */
export const pythonNames = ["openai", "anthropic", "google-genai", "ollama", "groq", "mistralai", "cohere"].map(
  (name) => `${name} (PyPI)`,
);

/** Calls of each shape; `healthy` is one that meets no fault. Each client waits for so many seconds, for one unless it is said. */
export type PythonAsks = Record<Shape, readonly Asked[]> & { readonly healthy: Asked; readonly patience?: number };

type Shape = "whole" | "streamed";

/** What comes of each call in each of the Python clients: a row for a call, a cell for a client. */
export async function pythonOutcomes(python: string, asks: PythonAsks): Promise<Record<Shape, string[][]>> {
  return JSON.parse(await printedBy(python, "python_clients.py", asks)) as Record<Shape, string[][]>;
}

/** The same of calls that ask for a tool, by form: from a response in one piece, or a stream. */
export async function pythonToolOutcomes(
  python: string,
  asks: { readonly healthy: Asked; readonly asks: readonly Asked[] },
): Promise<Record<"calls" | "streamed", string[][]>> {
  const printed = await printedBy(python, "python_tool_clients.py", asks);
  return JSON.parse(printed) as Record<"calls" | "streamed", string[][]>;
}

async function printedBy(python: string, script: string, input: object): Promise<string> {
  const running = promisify(execFile)(python, [path.join(import.meta.dirname, script)]);
  running.child.stdin?.end(JSON.stringify(input));
  return (await running).stdout;
}

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
  const running = promisify(execFile)(python, [path.join(import.meta.dirname, "python_clients.py")]);
  running.child.stdin?.end(JSON.stringify(asks));
  return JSON.parse((await running).stdout) as Record<Shape, string[][]>;
}

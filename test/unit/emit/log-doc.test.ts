import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createLog } from "../../../src/emit/log.ts";
import { outcome, timeline } from "./outcome.ts";

const document = readFileSync(new URL("../../../docs/log.md", import.meta.url), "utf8");

/** Fields of the table, in their order, with their types. */
const documented = [...document.matchAll(/^\| `(\w+)` \| ([a-z ]+) \|/gm)].map(([, name, type]) => [name, type]);

function typeOf(value: unknown): string {
  return Array.isArray(value) ? "array of strings" : typeof value;
}

test("docs/log.md lists every field of the line of a call with its type, in their order, and no other", () => {
  const lines: string[] = [];
  const batch = { write: (line: string) => void lines.push(line), flush() {} };
  createLog({ level: "info", batch, wallClockMs: () => 0 }).outcome(
    outcome({
      upstreamRequestId: "req-theirs",
      traceId: "0af7651916cd43dd8448eb211c80319c",
      attempt: 2,
      keyName: "team-a",
      upstream: "openai",
      promptTokens: 3,
      costUsd: 0.25,
      faults: ["cut"],
      experiments: ["outage"],
      standIn: true,
      cause: "UPSTREAM_RESET",
      planned: timeline(1, 2),
    }),
  );
  const fields = Object.entries(JSON.parse(lines.join("")) as object).map(([name, value]) => [name, typeOf(value)]);
  expect(documented.map(([name, type]) => [name, type?.replace(" or string", "")])).toEqual(fields);
});

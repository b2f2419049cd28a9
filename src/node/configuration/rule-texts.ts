import type { Config } from "../../config/schema.ts";
import { redact } from "../../emit/redact.ts";

type Serving = Pick<Config["default"], "serve" | "upstream" | "profile" | "mirror">;

/** What a rule does with a call, apart from its faults: `forward to openai, mirror: simulate`. */
export function servingText({ serve, upstream, profile, mirror }: Serving): string {
  const to = serve === "forward" && upstream !== undefined ? ` to ${upstream}` : "";
  const as = serve === "simulate" && typeof profile === "string" ? ` as ${profile}` : "";
  return serve + to + as + mirrorText(mirror);
}

function mirrorText(mirror: Serving["mirror"]): string {
  if (mirror === undefined) return "";
  return mirror === "simulate" ? ", mirror: simulate" : `, ${mirror.percentage} % copied to ${mirror.upstream}`;
}

/** What a rule asks of a call, as it stands in the configuration, without credentials; empty where it takes all. */
export function conditionsText(match: object): string {
  const asked = Object.entries(redact(match) ?? {}).filter(([, value]) => value !== undefined);
  return asked.map(([name, value]) => conditionText(name, value)).join(", ");
}

function conditionText(name: string, value: unknown): string {
  if (name !== "header" || typeof value !== "object" || value === null) return `${name} ${wordsOf(value)}`;
  return Object.entries(value)
    .map(([header, pattern]) => `header ${header}: ${wordsOf(pattern)}`)
    .join(", ");
}

function wordsOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

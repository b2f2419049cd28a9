import type { Plan } from "../../src/core/types.ts";
import { framesOf } from "./frames.ts";

/** JSON of a shape that the test knows. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Loose = any;

/** The texts of a plan's frames. */
function textsOf(plan: Plan): string[] {
  return framesOf(plan).map(({ data }) => (typeof data === "string" ? data : new TextDecoder().decode(data)));
}

/** All that a plan sends. */
export function textOf(plan: Plan): string {
  return textsOf(plan).join("");
}

/** The body of a JSON response. */
export function bodyOf(plan: Plan): Loose {
  return JSON.parse(textOf(plan));
}

/** The chunks of a stream, without `[DONE]`. */
export function chunksOf(plan: Plan): Loose[] {
  return textsOf(plan)
    .filter((text) => !text.startsWith("data: [DONE]"))
    .map((text) => JSON.parse(text.slice("data: ".length)));
}

/** The choices of a chat stream, added up by the rule that clients follow: texts are joined, by index. */
export function addedUp(chunks: readonly Loose[]): Loose[] {
  const choices: Loose[] = [];
  for (const { choices: list } of chunks) {
    for (const { index, delta, logprobs, finish_reason: finish } of list) {
      const choice = (choices[index] ??= { index, message: {}, logprobs: null, finish_reason: null });
      addDelta(choice.message, delta);
      for (const [name, more] of Object.entries<Loose>(logprobs ?? {})) {
        choice.logprobs ??= { content: null, refusal: null };
        if (more !== null) choice.logprobs[name] = [...(choice.logprobs[name] ?? []), ...more];
      }
      choice.finish_reason = finish ?? choice.finish_reason;
    }
  }
  return choices;
}

const joined = new Set(["content", "refusal", "arguments", "input"]);

function addDelta(to: Loose, delta: Loose): void {
  for (const [name, value] of Object.entries<Loose>(delta)) {
    if (name === "tool_calls") {
      to.tool_calls ??= [];
      for (const { index, ...call } of value) addDelta((to.tool_calls[index] ??= {}), call);
    } else if (value !== null && typeof value === "object") addDelta((to[name] ??= {}), value);
    else if (joined.has(name) && typeof value === "string") to[name] = (to[name] ?? "") + value;
    else to[name] = value ?? to[name] ?? null;
  }
}

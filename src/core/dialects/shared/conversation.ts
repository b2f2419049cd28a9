import type { Conversation, ToolResult } from "../../types.ts";

/** A message by whom it is; of the system those are left out that are members of the request. */
export type Turn = {
  readonly by: "system" | "user" | "model" | "tool";
  /** Its words, or the result of a tool. */
  readonly text: string;
  /** Of the result of a tool: the id of the call. */
  readonly id?: string | undefined;
};

/** A request that is a conversation: its messages, the system prompt outside of them, and its tools. */
type Told = {
  readonly turns: readonly Turn[];
  readonly system?: string | undefined;
  readonly toolNames: readonly string[];
};

/** What rules see of a conversation. */
export function conversationOf({ turns, system, toolNames }: Told): Conversation {
  const systems = turns.filter(({ by }) => by === "system").map(({ text }) => text);
  if (system !== undefined) systems.unshift(system);
  const last = turns.at(-1);
  const lastUser = turns.findLastIndex(({ by }) => by === "user");
  return {
    system: systems.length === 0 ? undefined : systems.join("\n"),
    messages: turns.length,
    turns: turns.filter(({ by }) => by === "model").length,
    toolNames,
    hasToolResult: turns.slice(lastUser + 1).some(({ by }) => by === "tool"),
    lastResult: last?.by === "tool" ? resultOf(last) : undefined,
  };
}

function resultOf({ id, text }: Turn): ToolResult {
  return { id, text };
}

/** Makes a value when it is first asked for. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** A string, where a value is one. */
export function stringOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

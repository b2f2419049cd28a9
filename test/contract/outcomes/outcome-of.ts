import type { Asked, Attempt } from "./clients.ts";

/** What comes of a call: the name of what is thrown, with its status, or how much of the response was given. */
export async function outcomeOf(attempt: Attempt, asked: Asked, whole: string): Promise<string> {
  try {
    const text = await attempt(asked);
    if (text === whole) return "complete response";
    if (text === "") return "**no text, no error**";
    return whole.startsWith(text) ? "**truncated response, no error**" : "**another text, no error**";
  } catch (error) {
    return nameOf(error);
  }
}

/** The name of what was thrown, with its status. */
export function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return `\`${typeof error}\``;
  const status: unknown =
    Reflect.get(error, "status") ?? Reflect.get(error, "statusCode") ?? Reflect.get(error, "status_code");
  const own =
    error.constructor.name === "Error" || error.constructor.name.startsWith("_") ? error.name : error.constructor.name;
  return `\`${own}\`${typeof status === "number" ? ` ${status}` : ""}`;
}

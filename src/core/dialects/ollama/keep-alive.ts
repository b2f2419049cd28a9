import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";
import { rfc3339Micros } from "../shared/timestamp.ts";

/** What the server could send while nothing is said: it has no ping, but a line may have an empty text. */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  if (operation !== "chat" && operation !== "generate") return undefined;
  if (kind === "pings") return "none";
  const said = operation === "chat" ? { message: { role: "assistant", content: "" } } : { response: "" };
  return ({ model, nowMs }: StreamMoment) =>
    `${JSON.stringify({ model, created_at: rfc3339Micros(nowMs), ...said, done: false })}\n`;
}

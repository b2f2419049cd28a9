import { jsonIn } from "../shared/event-json.ts";
import type { KeepAliveKind, MakeKeepAlive, StreamMoment } from "../shared/keep-alive.ts";

/** What the API sends while nothing is said: it has no ping, but a part of a candidate may be empty. */
export function keepAlive(kind: KeepAliveKind, operation: string | undefined): MakeKeepAlive | "none" | undefined {
  if (operation !== "streamGenerateContent") return undefined;
  return kind === "pings" ? "none" : emptyPart;
}

/** An element as the one before it; before the first of an array there is no place for one. */
function emptyPart({ last, model, requestId }: StreamMoment): string | undefined {
  const isArray = last !== "" && !last.startsWith("data:");
  const { modelVersion = model, responseId = requestId } = jsonIn(last) ?? {};
  const content = { parts: [{ text: "" }], role: "model" };
  const element = JSON.stringify({ candidates: [{ content, index: 0 }], modelVersion, responseId });
  return isArray ? `,\r\n${element}` : `data: ${element}\r\n\r\n`;
}

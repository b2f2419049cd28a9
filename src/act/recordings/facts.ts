import { hash } from "node:crypto";
import { attempt } from "../../core/errors.ts";
import { semanticText } from "../../core/recordings/semantic.ts";
import type { KnownFacts } from "../../core/types.ts";
import type { Request } from "../types.ts";

/** SHA-256 of the body of a request, in hex; undefined where it was not read. */
export function bodyHashOf({ body }: Pick<Request, "body">): string | undefined {
  return body === undefined ? undefined : hash("sha256", body.bytes);
}

/** SHA-256 of what a request means, in hex; undefined where that cannot be read. */
export function semanticHashOf(
  { operation, body, method }: Pick<Request, "operation" | "body" | "method">,
  facts: KnownFacts,
): string | undefined {
  const asked = method === "GET" ? {} : (attempt(() => facts.body?.()) ?? parsed(body?.text()));
  const text = semanticText([operation?.name, facts.model], asked);
  return text === undefined ? undefined : hash("sha256", text);
}

function parsed(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

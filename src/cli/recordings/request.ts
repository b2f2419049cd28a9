import { bodyHashOf, semanticHashOf } from "../../act/recordings/facts.ts";
import { attempt } from "../../core/errors.ts";
import { findOperation } from "../../core/dialects/index.ts";
import type { Opened } from "../../core/dialects/types.ts";
import type { RecordedRequest } from "../../core/recordings/types.ts";
import { createTokenCounter } from "../../core/simulator/tokens.ts";
import type { HeaderMap } from "../../core/types.ts";
import { redactForms, redactJson, redactText } from "../../emit/redact.ts";

/** A request as it stands in a file of another program. */
export type ForeignRequest = {
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  readonly headers: HeaderMap;
  readonly body: string;
};

/** A request that is understood: what a recording keeps of it, and what the simulator makes of it. */
export type UnderstoodRequest = { readonly request: RecordedRequest; readonly opened: Opened };

const count = createTokenCounter();

/**
 * What a recording keeps of a request, as the traffic port would have read it.
 *
 * @param kept whether the body is kept, with credentials masked, and what is one wherever it stands
 * @returns undefined for one that the traffic port could not simulate, and so not find again
 */
export function understood(
  { method, target, headers, body: text }: ForeignRequest,
  { bodies, secrets = [] }: { readonly bodies: boolean; readonly secrets?: readonly string[] },
): UnderstoodRequest | undefined {
  const [path = "/"] = target.split("?");
  const { dialect, operation } = findOperation(method, path, headers);
  if (operation === undefined) return undefined;
  const body = { bytes: Buffer.from(text), text: () => text };
  const opened = attempt(() => operation.open({ headers, target, body, count }));
  if (opened === undefined) return undefined;
  const { facts } = opened;
  const request = {
    method,
    target: redactForms(redactText(target), secrets),
    dialect: dialect.name,
    operation: operation.name,
    model: facts.model,
    stream: facts.stream,
    promptTokens: attempt(() => facts.promptTokens()),
    bodyHash: bodyHashOf({ body }),
    semanticHash: semanticHashOf({ operation, body, method }, facts),
    ...(bodies && { body: redactForms(redactJson(text), secrets) }),
  };
  return { request, opened };
}

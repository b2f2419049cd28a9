import type { Draft } from "./http/request.ts";
import type { Body } from "../core/dialects/types.ts";
import type { FactsReader } from "../core/dialects/shared/any-body.ts";
import { StuntdoubleError } from "../core/errors.ts";
import type { MemoryBudget } from "../limits/memory-budget.ts";
import { codingsOf, decode, tooLarge } from "./content-coding.ts";

/** What bodies may take. */
export type BodyOptions = {
  /** Of a body that is read, decoded. */
  maxBytes(): number;
  /** Of a body that is forwarded, as it is sent. */
  maxForwardedBytes(): number;
  readonly memory: Pick<MemoryBudget, "checkBody" | "add">;
};

/** What is read of a body. */
export type Wanted = {
  readonly maxBytes: number;
  /** Whether the bytes so far are enough; those of a whole body always are. */
  enough?(bytes: Buffer): boolean;
};

/** Up to this size every body is read: it is there at once, and tells the model that the call is counted by. */
export const readAlwaysBytes = 1024 * 1024;

/** The body of a request that has none. */
export const noBody: Body = { bytes: new Uint8Array(0), text: () => "" };

/** A body of which all bytes are here. */
function bodyOf(bytes: Buffer): Body {
  let text: string | undefined;
  return { bytes, text: () => (text ??= bytes.toString("utf8")), isParsed: () => text !== undefined };
}

/**
 * Adds the body to the request of an operation: decoded, or why it cannot be, and the bytes that are forwarded.
 *
 * @param bytes all of it as they were sent
 * @param done called once, with MEMORY_FULL for a body that cannot even be looked at
 */
export function addBody(
  { request, bytes }: { readonly request: Draft; readonly bytes: Buffer },
  { maxBytes, memory }: BodyOptions,
  done: (refusal?: StuntdoubleError) => void,
): void {
  const unread = (error: StuntdoubleError): void => {
    request.encoded = bytes;
    request.unread = error;
  };
  if (bytes.length === 0) request.body = noBody;
  else if (bytes.length > maxBytes()) unread(tooLarge(maxBytes()));
  else {
    const codings = codingsFor(request);
    if (codings instanceof StuntdoubleError) unread(codings);
    else if (codings.length === 0) request.body = bodyOf(bytes);
    else {
      const limits = { maxBytes: maxBytes(), fits: (more: number) => memory.checkBody(more) };
      return decode(bytes, { codings, limits }, (decoded) => {
        if (decoded instanceof StuntdoubleError && decoded.code === "MEMORY_FULL") return done(decoded);
        if (decoded instanceof StuntdoubleError) unread(decoded);
        else {
          request.body = bodyOf(decoded);
          request.encoded = bytes;
        }
        done();
      });
    }
  }
  done();
}

function codingsFor({ headers }: Draft): ReturnType<typeof codingsOf> | StuntdoubleError {
  try {
    return codingsOf(headers["content-encoding"]);
  } catch (error) {
    if (error instanceof StuntdoubleError) return error;
    throw error;
  }
}

/**
 * The same for a request that cannot be simulated: its bytes go on as they are, and rules see what a reader finds in them.
 *
 * @param done called once, with MEMORY_FULL for a body that cannot even be looked at
 */
export function addFacts(
  { request, bytes, reader }: { readonly request: Draft; readonly bytes: Buffer; readonly reader: FactsReader },
  options: BodyOptions,
  done: (refusal?: StuntdoubleError) => void,
): void {
  addBody({ request, bytes }, options, (refusal) => {
    if (request.body !== undefined) request.facts = reader.read(request.body.bytes, true);
    request.encoded = bytes;
    request.body = undefined;
    request.unread = undefined;
    done(refusal);
  });
}

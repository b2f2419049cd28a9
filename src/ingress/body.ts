import { StuntdoubleError } from "../core/errors.ts";
import type { Body } from "../core/wire/types.ts";
import type { NodeRequest } from "./guard.ts";

/** The body of a request that has none. */
export const noBody: Body = { bytes: new Uint8Array(0), text: () => "" };

/** Says whether a request announces a body. */
export function hasBody(request: NodeRequest): boolean {
  if ("stream" in request) return !request.stream.endAfterHeaders;
  const { headers } = request;
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

/** Says whether a request names a length above that many bytes. */
export function announcesMore({ headers }: NodeRequest, maxBytes: number): boolean {
  return headers["content-length"] !== undefined && Number(headers["content-length"]) > maxBytes;
}

/**
 * Reads a whole request body.
 *
 * @param maxBytes a longer body is refused as soon as that is known, without reading on
 * @param done called once, with the body or with BODY_TOO_LARGE; never when the client leaves before the end
 */
export function readBody(request: NodeRequest, maxBytes: number, done: (body: Body | StuntdoubleError) => void): void {
  if (!hasBody(request)) {
    request.resume();
    done(noBody);
    return;
  }
  if (announcesMore(request, maxBytes)) {
    done(tooLarge(maxBytes));
    return;
  }
  let chunks: Buffer[] = [];
  let length = 0;
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > maxBytes) {
      request.off("data", onData);
      request.off("end", onEnd);
      request.pause();
      chunks = [];
      done(tooLarge(maxBytes));
      return;
    }
    chunks.push(chunk);
  };
  const onEnd = (): void => done(bodyOf(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length)));
  request.on("data", onData);
  request.on("end", onEnd);
}

/** A body of which all bytes are here. */
export function bodyOf(bytes: Buffer): Body {
  let text: string | undefined;
  return { bytes, text: () => (text ??= bytes.toString("utf8")) };
}

/** The refusal of a body that is longer. */
export function tooLarge(maxBytes: number): StuntdoubleError {
  return new StuntdoubleError("BODY_TOO_LARGE", `The request body is larger than ${maxBytes} bytes.`);
}

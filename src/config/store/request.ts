import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { StuntdoubleError } from "../../core/errors.ts";
import { StoreError } from "./types.ts";

/** How a service is reached by HTTP. */
export type ServiceAddress = {
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  readonly tls: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** The same as PEM strings, with the name in the certificate of the service. */
  readonly pem?: { readonly ca?: string; readonly cert?: string; readonly key?: string; readonly servername?: string };
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string>>;
  /** What no message may repeat. */
  readonly secrets: readonly string[];
};

/** One request. */
export type ServiceRequest = {
  readonly method: "GET" | "POST" | "PUT";
  /** With the query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Max time until the head of the response has come. */
  readonly timeoutMs: number;
  /** Max time between two pieces of the body; 0 for no limit; default: 10 seconds. */
  readonly bodyTimeoutMs?: number;
  readonly signal?: AbortSignal;
};

/** A response whose body is read or dumped by the caller. */
export type ServiceResponse = {
  readonly status: number;
  header(name: string): string | undefined;
  /** The whole body. @throws StoreError where it is longer than `maxBytes` or breaks off */
  text(maxBytes: number): Promise<string>;
  /** The body as it comes, in pieces. */
  readonly pieces: AsyncIterable<Uint8Array>;
};

/** A service that is asked by HTTP. */
export type Service = {
  /** @throws StoreError when it cannot be reached */
  send(asked: ServiceRequest): Promise<ServiceResponse>;
  /** What a response with an unwanted status means: 429 and 5xx pass, all else is wrong until somebody mends it. */
  refusal(response: ServiceResponse): Promise<StoreError>;
  close(): Promise<void>;
};

/** Max time to connect, and between two pieces of a body. */
const connectTimeoutMs = 5000;
const usualBodyTimeoutMs = 10_000;
const maxReasonBytes = 64 * 1024;
const maxReasonChars = 300;

/**
 * Makes what asks a service. It keeps connections open between requests.
 *
 * @throws CONFIG_INVALID when a file for TLS cannot be read
 */
export function createService({ origin, tls, pem, headers: usual, secrets }: ServiceAddress): Service {
  const agent = new Agent({
    connect: { timeout: connectTimeoutMs, ...pemOf(tls), ...pem },
    pipelining: 1,
  });
  const failure = (cause: unknown): StoreError => new StoreError(withoutSecrets(reasonOf(cause), secrets));
  return {
    async send({ method, path, headers, json, timeoutMs, bodyTimeoutMs = usualBodyTimeoutMs, signal }) {
      try {
        const response = await request(`${origin}${path}`, {
          dispatcher: agent,
          method,
          headers: { ...usual, ...headers, ...(json !== undefined && { "content-type": "application/json" }) },
          ...(json !== undefined && { body: JSON.stringify(json) }),
          headersTimeout: timeoutMs,
          bodyTimeout: bodyTimeoutMs,
          ...(signal !== undefined && { signal }),
        });
        const { body } = response;
        return {
          status: response.statusCode,
          header: (name) => [response.headers[name] ?? []].flat()[0],
          text: (maxBytes) => textOf(body, maxBytes).catch(rethrow(failure)),
          pieces: body,
        };
      } catch (cause) {
        throw failure(cause);
      }
    },
    async refusal({ status, text }) {
      const reason = withoutSecrets((await text(maxReasonBytes)).trim(), secrets).slice(0, maxReasonChars);
      const isPassing = status === 429 || status >= 500;
      return new StoreError(`it responds ${status}${reason === "" ? "" : `: ${reason}`}`, isPassing);
    },
    close: () => agent.destroy(),
  };
}

function rethrow(failure: (cause: unknown) => StoreError): (cause: unknown) => never {
  return (cause) => {
    throw cause instanceof StoreError ? cause : failure(cause);
  };
}

async function textOf(pieces: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const read: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > maxBytes) throw new StoreError(`its response is larger than ${maxBytes} bytes`, false);
    read.push(piece);
  }
  return Buffer.concat(read).toString("utf8");
}

function pemOf({ caFile, certFile, keyFile }: ServiceAddress["tls"]): Record<string, string> {
  const wanted = { ca: caFile, cert: certFile, key: keyFile };
  return Object.fromEntries(
    Object.entries(wanted).flatMap(([member, file]) => (file === undefined ? [] : [[member, pemFile(file)]])),
  );
}

function pemFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new StuntdoubleError("CONFIG_INVALID", `${file}: cannot be read (${codeOf(cause) ?? "unknown reason"}).`);
  }
}

/** What an error says; that of several attempts, one for each address of a host, says nothing by itself. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(reasonOf).join("; ");
  return cause.message === "" ? (codeOf(cause) ?? cause.name) : cause.message;
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && "code" in cause ? String(cause.code) : undefined;
}

function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, "***"), text);
}

import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from "node:http2";

/** The response on one HTTP/2 stream and how that stream ended. */
export type H2Response = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The code of RST_STREAM; 0 for a proper end. */
  readonly code: number;
};

/** Opens a session; over plain TCP with prior knowledge, over TLS with ALPN. */
export async function h2Connect(url: string, options: SecureClientSessionOptions = {}): Promise<ClientHttp2Session> {
  const session = connect(url, options);
  session.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once("connect", () => resolve());
    session.once("error", reject);
  });
  return session;
}

/** Starts a request and leaves its body, if it has none, at that. */
export function h2Open(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string): ClientHttp2Stream {
  const stream = session.request(
    { ":method": body === undefined ? "GET" : "POST", "content-type": "application/json", ...headers },
    { endStream: false },
  );
  stream.setEncoding("utf8");
  if (body === undefined) stream.end();
  else stream.end(body);
  return stream;
}

/** Waits for the end of a stream, whichever it is. */
export async function h2Response(stream: ClientHttp2Stream): Promise<H2Response> {
  let body = "";
  let headers: IncomingHttpHeaders = {};
  stream.on("response", (received) => void (headers = received));
  stream.on("data", (chunk: string) => void (body += chunk));
  stream.on("error", () => undefined);
  await new Promise<void>((resolve) => void stream.once("close", resolve));
  return { status: Number(headers[":status"] ?? 0), headers, body, code: stream.rstCode };
}

/** One request with its response. */
export async function h2Ask(
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  body?: string,
): Promise<H2Response> {
  return await h2Response(h2Open(session, headers, body));
}

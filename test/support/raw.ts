import { connect, type Socket } from "node:net";

/** What came back over a raw connection, and how that connection ended. */
export type RawResponse = {
  /** Every byte received, as Latin-1 text. */
  readonly text: string;
  /** 0 when nothing that looks like a status line came. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** What follows the first head, chunks joined where it is chunked. */
  readonly body: string;
  /** How it ended: by FIN, by RST, or not at all until the test gave up. */
  readonly closed: "fin" | "reset" | "open";
};

/** When a raw request counts as answered. */
export type RawOptions = {
  /** Enough has been received; by default only the end of the connection is. */
  enough?(text: string): boolean;
  /** Gives up after so long. */
  readonly withinMs?: number;
};

/** Sends bytes as they are and gives back whatever comes. */
export async function rawRequest(
  port: number,
  bytes: string | Uint8Array,
  options: RawOptions = {},
): Promise<RawResponse> {
  const connection = await rawConnect(port);
  connection.socket.write(bytes);
  return await connection.response(options);
}

/** A raw connection. */
export type RawConnection = {
  readonly socket: Socket;
  /** What has been received so far. */
  text(): string;
  /** How the connection has ended so far. */
  ended(): RawResponse["closed"];
  response(options?: RawOptions): Promise<RawResponse>;
};

export async function rawConnect(port: number): Promise<RawConnection> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true, noDelay: true });
  let text = "";
  let closed: RawResponse["closed"] = "open";
  let changed = (): void => undefined;
  socket.setEncoding("latin1");
  socket.on("data", (chunk: string) => {
    text += chunk;
    changed();
  });
  socket.on("end", () => {
    closed = "fin";
    changed();
  });
  socket.on("error", () => {
    closed = "reset";
    changed();
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return {
    socket,
    text: () => text,
    ended: () => closed,
    async response({ enough, withinMs = 10_000 } = {}) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        changed = () => {
          if (closed === "open" && enough?.(text) !== true) return;
          clearTimeout(timer);
          resolve();
        };
        changed();
      });
      socket.destroy();
      return parsed(text, closed);
    },
  };
}

function parsed(text: string, closed: RawResponse["closed"]): RawResponse {
  const headEnd = text.indexOf("\r\n\r\n");
  const head = headEnd === -1 ? text : text.slice(0, headEnd);
  const [first = "", ...lines] = head.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0);
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const rest = headEnd === -1 ? "" : text.slice(headEnd + 4);
  const body = headers["transfer-encoding"] === "chunked" ? dechunked(rest) : rest;
  return { text, status, headers, body, closed };
}

function dechunked(rest: string): string {
  let body = "";
  for (let at = 0; at < rest.length;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd === -1) return body;
    const size = Number.parseInt(rest.slice(at, lineEnd), 16);
    if (!(size > 0)) return body;
    body += rest.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
  return body;
}

/** The text of an HTTP/1.1 request with a body and its length. */
export function postText(target: string, body: string, headers: readonly string[] = []): string {
  const lines = [
    `POST ${target} HTTP/1.1`,
    "host: localhost",
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(body)}`,
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** A chat request as JSON text. */
export function chatBody(more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say this is a test" }], ...more });
}

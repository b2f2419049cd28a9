import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

/** One request as the upstream received it. */
export type Received = {
  readonly method: string;
  readonly target: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The bytes of the body; what has come so far while it is still arriving. */
  body(): Buffer;
  /** Resolves when the body is complete, or broken off. */
  readonly arrived: Promise<"complete" | "broken">;
  /** Resolves when the connection or the response has ended: `gone` when the sidecar left before the end. */
  readonly ended: Promise<"finished" | "gone">;
};

/** An upstream that is not there: a port that no server of a test is ever given. */
export const nowhere = "http://127.0.0.1:1";

/** Answers one request. */
export type Script = (response: ServerResponse, received: Received) => void | Promise<void>;

/** A scripted provider on a port of its own. */
export type ScriptedUpstream = {
  readonly url: string;
  readonly port: number;
  /** Every request so far, in the order of arrival. */
  readonly received: readonly Received[];
  /** Answers all further requests in another way. */
  script(next: Script): void;
  /** Waits for the request of that number, counted from 0. */
  request(index: number): Promise<Received>;
  connections(): number;
  stop(): Promise<void>;
};

/** `respondEarly` runs the script as soon as the head of a request is there; `port` is a free one when absent. */
export type UpstreamOptions = {
  readonly port?: number;
  readonly respondEarly?: boolean;
  onUpgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
};

/** Starts a provider that responds to every request by a script, once its body has arrived. */
export async function startUpstream(first: Script, options: UpstreamOptions = {}): Promise<ScriptedUpstream> {
  let script = first;
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  const waiting = new Map<number, (received: Received) => void>();
  const server = createServer((request, response) => {
    const record = recordOf(request, response);
    received.push(record);
    waiting.get(received.length - 1)?.(record);
    const respond = async (): Promise<void> => {
      if (options.respondEarly !== true && (await record.arrived) === "broken") return;
      await script(response, record);
    };
    respond().catch((error: unknown) => response.destroy(error instanceof Error ? error : new Error(String(error))));
  });
  if (options.onUpgrade !== undefined) server.on("upgrade", options.onUpgrade);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    script: (next) => void (script = next),
    request: (index) =>
      new Promise((resolve) => {
        const there = received[index];
        if (there === undefined) waiting.set(index, resolve);
        else resolve(there);
      }),
    connections: () => sockets.size,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function recordOf(request: IncomingMessage, response: ServerResponse): Received {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  return {
    method: request.method ?? "",
    target: request.url ?? "",
    rawHeaders: request.rawHeaders,
    headers: request.headers as Record<string, string | undefined>,
    body: () => Buffer.concat(chunks),
    arrived: new Promise((resolve) => {
      request.on("end", () => resolve("complete"));
      request.on("error", () => resolve("broken"));
      request.on("close", () => resolve(request.complete ? "complete" : "broken"));
    }),
    ended: new Promise((resolve) => {
      response.on("close", () => resolve(response.writableFinished ? "finished" : "gone"));
    }),
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(port, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

type Headers = Readonly<Record<string, string>>;

/** A JSON response, written as it is given when it is a text. */
export function json(
  value: unknown,
  { status = 200, headers = {} }: { status?: number; headers?: Headers } = {},
): Script {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof value === "string" ? value : JSON.stringify(value));
  };
}

/** How a scripted stream ends: properly, by a TCP RST, by a FIN in the middle, or never. */
export type StreamEnding = "finish" | "reset" | "cut" | "hang";

type StreamOptions = { readonly gapMs?: number; readonly ending?: StreamEnding; readonly headers?: Headers };

/** An event stream, one write for each event. */
export function sse(
  events: readonly string[],
  { gapMs = 0, ending = "finish", headers = {} }: StreamOptions = {},
): Script {
  return async (response) => {
    openStream(response, headers);
    for (const event of events) {
      if (response.destroyed) return;
      response.write(event);
      await sleep(gapMs);
    }
    finishStream(response, ending);
  };
}

function openStream(response: ServerResponse, headers: Headers = {}): void {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", ...headers });
  response.flushHeaders();
}

function finishStream(response: ServerResponse, ending: StreamEnding): void {
  if (ending === "finish") response.end();
  else if (ending === "reset") response.socket?.resetAndDestroy();
  else if (ending === "cut") response.socket?.end();
}

/** An event stream that a test drives step by step. */
export type SteppedStream = {
  readonly script: Script;
  send(text: string): Promise<void>;
  end(ending?: StreamEnding): Promise<void>;
};

export function stepped(headers: Headers = {}): SteppedStream {
  const { promise: opened, resolve } = Promise.withResolvers<ServerResponse>();
  return {
    script(response) {
      openStream(response, headers);
      resolve(response);
    },
    async send(text) {
      (await opened).write(text);
    },
    async end(ending = "finish") {
      finishStream(await opened, ending);
    },
  };
}

/** Takes the request and never answers. */
export const hang: Script = () => undefined;

/** Breaks the connection before any response. */
export const resetBeforeHead: Script = (response) => void response.socket?.resetAndDestroy();

/** Promises more bytes than it sends, then closes. */
export function truncated(body: string, promisedBytes: number): Script {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(promisedBytes) });
    response.write(body, () => response.socket?.end());
  };
}

/** A chat stream as the provider sends it: a role, one event for each word, a finish chunk, and the final marker. */
export function chatEvents(words: readonly string[]): string[] {
  const chunk = (delta: object, finish: string | null): string => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    const body = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "gpt-4o", choices };
    return `data: ${JSON.stringify(body)}\n\n`;
  };
  return [
    chunk({ role: "assistant", content: "" }, null),
    ...words.map((content) => chunk({ content }, null)),
    chunk({}, "stop"),
    "data: [DONE]\n\n",
  ];
}

/** A whole chat response as the provider sends it. */
export function chatResponse(content: string): object {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "gpt-4o",
    choices: [
      { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 },
  };
}

import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startNode } from "../node.ts";
import type { Script } from "../upstream.ts";

/** A request for a stream, as a client of one API sends it. */
export type StreamRequest = {
  readonly api: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
};

const messages = [{ role: "user", content: "Tell me of bicycles." }];

/** One for each API that streams in a way of its own. */
export const streamRequests: readonly StreamRequest[] = [
  { api: "openai", path: "/v1/chat/completions", body: { model: "gpt-4o", stream: true, messages } },
  {
    api: "openai responses",
    path: "/v1/responses",
    body: { model: "gpt-4o", stream: true, input: "Tell me of bicycles." },
  },
  {
    api: "anthropic",
    path: "/v1/messages",
    headers: { "anthropic-version": "2023-06-01" },
    body: { model: "claude-sonnet-4-5", max_tokens: 200, stream: true, messages },
  },
  {
    api: "gemini",
    path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    body: { contents: [{ role: "user", parts: [{ text: "Tell me of bicycles." }] }] },
  },
  { api: "ollama", path: "/api/chat", body: { model: "llama3.2", messages } },
  {
    api: "azure",
    path: "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
    body: { stream: true, messages },
  },
];

/** What a provider streams to a request: its head, and its events. */
export type StreamSample = { readonly contentType: string; readonly events: readonly string[] };

/** The streams that the simulator gives to these requests. */
export async function sampleStreams(requests: readonly StreamRequest[]): Promise<readonly StreamSample[]> {
  const node = await startNode({ responseHeaders: false, default: { serve: "simulate", profile: "instant" } });
  try {
    return await Promise.all(requests.map((each) => sampleOf(node.url, each)));
  } finally {
    await node.stop();
  }
}

async function sampleOf(url: string, request: StreamRequest): Promise<StreamSample> {
  const response = await ask(url, request);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${request.api}: ${response.status} ${text}`);
  const contentType = response.headers.get("content-type") ?? "";
  const end = contentType.includes("event-stream") ? /(?<=\n\n|\r\n\r\n)/ : /(?<=\n)/;
  return { contentType, events: text.split(end) };
}

/** Sends a request. */
export async function ask(url: string, { path, headers = {}, body }: StreamRequest): Promise<Response> {
  const all = { "content-type": "application/json", ...headers };
  return await fetch(url + path, { method: "POST", headers: all, body: JSON.stringify(body) });
}

/** How a scripted provider ends a stream. */
export type SampleEnding = "finish" | "cut" | "reset";

/** A provider that streams a sample with this gap before each event. */
export function streaming(
  { contentType, events }: StreamSample,
  gapMs: number,
  ending: SampleEnding = "finish",
): Script {
  return async (response) => {
    response.writeHead(200, { "content-type": contentType });
    response.flushHeaders();
    for (const event of events) {
      await sleep(gapMs);
      if (response.destroyed) return;
      response.write(event);
    }
    await sleep(gapMs);
    endStream(response, ending);
  };
}

function endStream(response: ServerResponse, ending: SampleEnding): void {
  if (ending === "finish") response.end();
  else if (ending === "cut") response.socket?.end();
  else response.socket?.resetAndDestroy();
}

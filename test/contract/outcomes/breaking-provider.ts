import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { startUpstream, type Received, type ScriptedUpstream } from "../../support/upstream.ts";

/** How the provider breaks, by the value of the request header `x-break`. */
export type Break = {
  readonly name: string;
  /** Name of the break that clients see when it is forwarded, where that is another. */
  readonly forwardedAs?: string;
  readonly respond: (wire: Wire) => void | Promise<void>;
};

/** A good response, ready to be sent, and one more of the same API that a break may need. */
type Wire = {
  readonly response: ServerResponse;
  readonly good: Good;
  /** The same request, with faults that the API's own form of an error is taken from. */
  readonly asked: (control: string) => Promise<Good>;
};

type Good = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

const anEventWithToken = /text_delta|"content":"(?!")|"text":"(?!")/;

/** Breaks of any response. Of the statuses some stand for the others: nothing in a node tells them apart. */
export const callBreaks: readonly Break[] = [
  ...[401, 429, 502, 503, 529].map((status) => ({
    name: `status ${status}`,
    respond: async ({ response, asked }: Wire) => whole(response, await asked(`fault=status;status=${status}`)),
  })),
  // Before the head a proxy can tell what has happened, and does.
  { name: "cut before the head", forwardedAs: "status 502", respond: ({ response }) => void response.socket?.end() },
  {
    name: "reset before the head",
    forwardedAs: "status 502",
    respond: ({ response }) => void response.socket?.resetAndDestroy(),
  },
  { name: "hang before the head", respond: () => undefined },
  {
    name: "malformed",
    respond({ response, good }) {
      const body = isStream(good) ? firstBroken(eventsOf(good)) : good.body.slice(0, good.body.length / 2);
      whole(response, { ...good, body });
    },
  },
];

/** Breaks in the middle of a stream, after the third token. */
export const streamBreaks: readonly Break[] = [
  { name: "cut after 3 tokens", respond: (wire) => begin(wire, ({ socket }) => socket?.end()) },
  { name: "reset after 3 tokens", respond: (wire) => begin(wire, ({ socket }) => socket?.resetAndDestroy()) },
  { name: "hang after 3 tokens", respond: (wire) => begin(wire, () => undefined) },
  { name: "clean end after 3 tokens", respond: (wire) => begin(wire, (response) => response.end()) },
  {
    name: "malformed after 3 tokens",
    respond: (wire) => begin(wire, (response, rest) => response.end(firstBroken(rest))),
  },
  {
    name: "error event after 3 tokens",
    respond: async ({ response, asked }) => whole(response, await asked("fault=error-event;after=3")),
  },
];

/** Starts a provider that breaks by itself. @param healthy address of a node that says what a good response is */
export function startBreakingProvider(healthy: string): Promise<ScriptedUpstream> {
  const breaks = new Map([...callBreaks, ...streamBreaks].map((each) => [each.name, each]));
  return startUpstream(async (response, received) => {
    const asked = (control: string): Promise<Good> => goodOf(healthy, received, control);
    const good = await asked("fault=()");
    const broken = breaks.get(received.headers["x-break"] ?? "");
    if (broken === undefined) whole(response, good);
    else await broken.respond({ response, good, asked });
  });
}

async function goodOf(healthy: string, { target, headers, body }: Received, control: string): Promise<Good> {
  const { authorization = "", "x-goog-api-key": googleKey = "", "anthropic-version": version = "" } = headers;
  const asked = await fetch(healthy + target, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-stuntdouble": `${control}, seed=1, tokens=12`,
      ...(authorization !== "" && { authorization }),
      ...(googleKey !== "" && { "x-goog-api-key": googleKey }),
      ...(version !== "" && { "anthropic-version": version, "x-api-key": "none" }),
    },
    body: body().toString(),
  });
  const kept = [...asked.headers].filter(([name]) => ["content-type", "retry-after"].includes(name));
  return { status: asked.status, headers: Object.fromEntries(kept), body: await asked.text() };
}

function whole(response: ServerResponse, { status, headers, body }: Good): void {
  response.writeHead(status, headers);
  response.end(body);
}

function isStream({ headers }: Good): boolean {
  return !(headers["content-type"] ?? "").startsWith("application/json");
}

/** The events of a stream, each with the blank line, or the line end, behind it. */
function eventsOf({ headers, body }: Good): string[] {
  const isSse = headers["content-type"]?.startsWith("text/event-stream") === true;
  return body.split(isSse ? /(?<=\r?\n\r?\n)/ : /(?<=\n)/);
}

/** Events of which the JSON of the first breaks off. */
function firstBroken([first = "", ...rest]: readonly string[]): string {
  const text = first.trimEnd();
  return [text.slice(0, text.length * 0.75) + first.slice(text.length), ...rest].join("");
}

/** Sends the stream as far as the third token and, when that has arrived, ends it in some way. */
async function begin({ response, good }: Wire, end: (response: ServerResponse, rest: string[]) => void): Promise<void> {
  response.writeHead(good.status, good.headers);
  const events = eventsOf(good);
  let tokens = 0;
  const last = events.findIndex((event) => anEventWithToken.test(event) && ++tokens === 3);
  response.write(events.slice(0, last + 1).join(""));
  await sleep(50);
  end(response, events.slice(last + 1));
}

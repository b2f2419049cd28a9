import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { startNode, until, type Node } from "../node.ts";
import { freePort, type Gateway } from "../programs/gateway.ts";
import {
  chatEvents,
  chatResponse,
  json,
  resetBeforeHead,
  startUpstream,
  stepped,
  type Received,
  type Script,
  type ScriptedUpstream,
} from "../upstream.ts";
import type { Places } from "./plugin.ts";

/** What a call looks like that a gateway shall send somewhere. */
export type Way = {
  readonly path?: string;
  readonly model?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly stream?: boolean;
};

/** A gateway whose plugin is tested. */
export type Tested = {
  start(places: Omit<Places, "listen">): Promise<Gateway & { readonly url: string }>;
  /** What each call has besides. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What differs from the control header, `/v1/embeddings` and `/v1/completions`, and why. */
  readonly ways?: { readonly simulate?: Way; readonly forward?: Way; readonly route?: Way; readonly share?: Way };
  /** It cannot refuse a call by a header. */
  readonly refusesNothing?: boolean;
  /** It lets Stuntdouble respond for a provider that broke its connection, too. */
  readonly standsInForBroken?: boolean;
};

type Who = "simulated" | "real" | number;
type Ask = (way?: Way) => Promise<Response>;

const simulateWay: Way = { headers: { "x-stuntdouble": "simulate" } };
const forwardWay: Way = { headers: { "x-stuntdouble": "forward" } };
const routeWay: Way = { path: "/v1/embeddings" };
const shareWay: Way = { path: "/v1/completions" };

/** Some gateways take half a minute to start, on a busy machine several. */
const patienceMs = 600_000;

/** The plugin sends this share of the calls of one route to Stuntdouble. */
const share = 0.25;

/** Describes what each plugin in `plugins/` does: a real gateway, with the files as they ship, between a provider and a node. */
export function behavesLikeEveryGateway(gateway: Tested): void {
  const {
    simulate = simulateWay,
    forward = forwardWay,
    route = routeWay,
    share: shared = shareWay,
  } = gateway.ways ?? {};
  const real = json(chatResponse("I am real"));
  let node: Node;
  let provider: ScriptedUpstream;
  let ask: Ask;
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    provider = await startUpstream(real);
    const started = await gateway.start(placesOf(node, provider.port));
    ask = asking(started.url, gateway.headers);
    stops.push(started.stop, node.stop, provider.stop);
    await until("a first response", async () => ((await who(ask())) === "real" ? true : undefined));
  }, patienceMs);
  afterEach(() => provider.script(real));
  /** What the provider got; health checks of a gateway are no calls. */
  const calls = (): Received[] => provider.received.filter(({ method }) => method === "POST");
  const respond = (script: Script): void =>
    provider.script((response, received) => (received.method === "POST" ? script : real)(response, received));
  afterAll(async () => {
    for (const stop of stops) await stop();
  });

  test("sends a call to the provider, unless something asks for another", async () => {
    expect(await who(ask())).toBe("real");
  });

  test("sends a single call to Stuntdouble by a header, and one to the provider, which does not get the header", async () => {
    expect(await who(ask(simulate))).toBe("simulated");
    expect(await who(ask(forward))).toBe("real");
    expect(calls().at(-1)?.headers["x-stuntdouble"]).toBeUndefined();
  });

  test.skipIf(gateway.refusesNothing === true)(
    "refuses a header that nobody understands, and asks nobody",
    async () => {
      const before = calls().length;
      for (const value of ["real", "simulated", "SIMULATE", "percentage:25", "forward, fualt=cut"])
        expect([value, (await ask({ headers: { "x-stuntdouble": value } })).status]).toEqual([value, 400]);
      expect(calls()).toHaveLength(before);
    },
  );

  test("sends a route to Stuntdouble, unless the header says otherwise", async () => {
    expect(await who(ask(route))).toBe("simulated");
    if (gateway.ways?.route === undefined) expect(await who(ask({ ...forward, ...route }))).toBe("real");
  });

  test(
    "sends a quarter of the calls of a route to Stuntdouble",
    async () => {
      const asked = 400;
      const found: Who[] = [];
      // A node that is kept too busy to say in time that it is ready would count as down.
      while (found.length < asked)
        found.push(...(await Promise.all(Array.from({ length: 10 }, () => who(ask(shared))))));
      const simulated = found.filter((each) => each === "simulated").length;
      expect(simulated + found.filter((each) => each === "real").length).toBe(asked);
      const fiveDeviations = 5 * Math.sqrt(asked * share * (1 - share));
      expect(Math.abs(simulated - asked * share)).toBeLessThan(fiveDeviations);
    },
    patienceMs,
  );

  test("passes each event of a real stream on before the next one is sent", async () => {
    const stream = stepped();
    respond(stream.script);
    const events = chatEvents(["one", "two", "three"]);
    const asked = ask({ stream: true });
    // LiteLLM keeps the first event, which has no word, until there is one.
    for (const event of events.slice(0, 2)) await stream.send(event);
    const reader = (await asked).body!.pipeThrough(new TextDecoderStream()).getReader();
    const words = ["one", "two", "three"];
    for (const [index, word] of words.entries()) {
      if (index > 0) await stream.send(events[index + 1] ?? "");
      let got = "";
      while (!got.includes(word)) got += (await reader.read()).value ?? "";
      expect(got).not.toContain(words[index + 1] ?? "[DONE]");
    }
    for (const event of events.slice(words.length + 1)) await stream.send(event);
    await stream.end();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    expect(rest).toContain("[DONE]");
  });

  test("passes the tokens of a simulated stream on while it goes on", async () => {
    const control = "simulate, ttft=1, itl=1, tokens=12, fault=hang;after=3";
    const response = await ask({
      ...simulate,
      stream: true,
      headers: { ...simulate.headers, "x-stuntdouble": control },
    });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let got = "";
    while ((got.match(/"content":"[^"]/g) ?? []).length < 3) got += (await reader.read()).value ?? "";
    expect(got).not.toContain("[DONE]");
    await reader.cancel();
  });

  test("sends a call only once, although the provider broke its connection", async () => {
    respond(resetBeforeHead);
    const before = calls().length;
    const status = await ask().then(
      (response) => response.status,
      // HAProxy closes the connection where it was one that it had kept.
      () => 599,
    );
    expect(status >= 500).toBe(gateway.standsInForBroken !== true);
    expect(calls().length - before).toBe(1);
  });

  test(
    "lets the provider respond while Stuntdouble is down, and Stuntdouble when it is back",
    async () => {
      const other = await startNode({ control: { enabled: true } });
      const places = placesOf(other, provider.port);
      const own = await gateway.start(places);
      const asked = asking(own.url, gateway.headers);
      try {
        await until("Stuntdouble", async () => ((await who(asked(simulate))) === "simulated" ? true : undefined));
        await other.stop();
        expect(await who(asked(simulate))).toBe("real");
        if (gateway.ways?.route === undefined) expect(await who(asked(route))).toBe("real");
        const back = await startNode({
          control: { enabled: true },
          listen: { port: places.stuntdouble },
          admin: { port: places.stuntdoubleAdmin },
        });
        try {
          await until("Stuntdouble again", async () =>
            (await who(asked(simulate))) === "simulated" ? true : undefined,
          );
        } finally {
          await back.stop();
        }
      } finally {
        await own.stop();
      }
    },
    patienceMs,
  );

  test(
    "lets Stuntdouble respond while the provider takes no connection, and the provider when it is back",
    async () => {
      const port = await freePort();
      const own = await gateway.start(placesOf(node, port));
      const asked = asking(own.url, gateway.headers);
      try {
        await until("the stand-in", async () => ((await who(asked())) === "simulated" ? true : undefined));
        const back = await startUpstream(real, { port });
        try {
          await until("the provider again", async () => ((await who(asked())) === "real" ? true : undefined));
        } finally {
          await back.stop();
        }
      } finally {
        await own.stop();
      }
    },
    patienceMs,
  );
}

function placesOf(node: Node, provider: number): Omit<Places, "listen"> {
  return { provider, stuntdouble: node.port, stuntdoubleAdmin: Number(new URL(node.adminUrl).port) };
}

function asking(url: string, common: Tested["headers"]): Ask {
  return ({ path = "/v1/chat/completions", model = "gpt-4o", headers = {}, stream = false } = {}) =>
    fetch(url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...common, ...headers },
      body: JSON.stringify({ model, ...(stream && { stream }), ...inputOf(path) }),
    });
}

function inputOf(path: string): object {
  if (path.endsWith("/embeddings")) return { input: "Hello" };
  if (path.endsWith("/chat/completions")) return { messages: [{ role: "user", content: "Hello" }] };
  return { prompt: "Hello" };
}

async function who(asked: Promise<Response>): Promise<Who> {
  const response = await asked;
  await response.text();
  if (response.status !== 200) return response.status;
  const { headers } = response;
  // LiteLLM passes the headers of a response on under names of its own.
  const decision = headers.get("x-stuntdouble-decision") ?? headers.get("llm_provider-x-stuntdouble-decision");
  return decision === "simulate" ? "simulated" : "real";
}

import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy, type EnvoyPlace } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import {
  chatResponse,
  chatEvents,
  hang,
  json,
  sse,
  startUpstream,
  stepped,
  type ScriptedUpstream,
} from "../../support/upstream.ts";

type World = { readonly behind: BehindEnvoy; readonly first: ScriptedUpstream; readonly second: ScriptedUpstream };

/** A sidecar that forwards through Envoy to two upstreams. */
async function startWorld(place: EnvoyPlace, options: { observe?: string; modes?: object } = {}): Promise<World> {
  const first = await startUpstream(json(chatResponse("Hello")));
  const second = await startUpstream(json(chatResponse("Hello from the second")));
  const behind = await startBehindEnvoy(
    place,
    {
      extProc: options.observe === undefined ? {} : { observe: options.observe },
      upstreams: {
        first: { url: first.url, breaker: { minimumCalls: 5 } },
        second: { url: second.url, apiKeyEnv: "SECOND_KEY" },
      },
      rules: [
        { name: "second", match: { model: "second-*" }, serve: "forward", upstream: "second" },
        { name: "simulated", match: { model: "simulated" }, serve: "simulate", profile: "instant" },
      ],
      default: { serve: "forward", upstream: "first" },
    },
    {
      upstreams: { first: first.port, second: second.port },
      ...(options.modes !== undefined && { filter: { processing_mode: options.modes } }),
    },
    { SECOND_KEY: "sk-second" },
  );
  return { behind, first, second };
}

async function stopWorld({ behind, first, second }: World): Promise<void> {
  await behind.stop();
  await first.stop();
  await second.stop();
}

describeWith("envoy", findEnvoy(), "forwarded calls through a real Envoy", (place) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(place);
  });
  afterAll(async () => {
    await stopWorld(world);
  });

  test("request and response go through byte for byte", async () => {
    const { behind, first } = world;
    const body = randomBytes(300_000);
    const before = first.received.length;
    first.script((response) => void response.writeHead(201, { "content-type": "image/png" }).end(body));
    const response = await fetch(`${behind.envoy.url}/v1/images/edits?n=1`, { method: "POST", body });
    expect(response.status).toBe(201);
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true);
    const received = first.received[before]!;
    expect(received.target).toBe("/v1/images/edits?n=1");
    expect(received.body().equals(body)).toBe(true);
  });

  test("a chat request goes on as it came, less the control header", async () => {
    const { behind, first } = world;
    const before = first.received.length;
    const written = chatResponse("Hello");
    first.script(json(written));
    const content = "é".repeat(200_000);
    const response = await behind.chat(
      { "x-stuntdouble": "forward", authorization: "Bearer sk-own" },
      { messages: [{ role: "user", content }] },
    );
    expect(await response.json()).toEqual(written);
    expect(response.headers.get("x-stuntdouble-decision")).toBe("forward");
    const { headers, body } = first.received[before]!;
    expect(JSON.parse(body().toString())).toMatchObject({ messages: [{ content }] });
    expect(headers["x-stuntdouble"]).toBeUndefined();
    expect(headers["authorization"]).toBe("Bearer sk-own");
    expect(headers["x-stuntdouble-upstream"]).toBe("first");
  });

  test("the body decides the cluster, and its key takes the place of the caller's", async () => {
    const { behind, second } = world;
    const response = await behind.chat({ authorization: "Bearer sk-own" }, { model: "second-1" });
    expect(await response.json()).toEqual(chatResponse("Hello from the second"));
    expect(second.received.at(-1)!.headers["authorization"]).toBe("Bearer sk-second");
    const line = await until("a line of the access log", () =>
      behind.envoy.accessLog().find((each) => each.endsWith("second")),
    );
    expect(line).toBe("access 200 via_upstream forward second second");
  });

  test("the outcome has the status of the upstream and the time to its head", async () => {
    const { behind, first } = world;
    first.script(json({ error: { message: "slow down" } }, { status: 429 }));
    const response = await behind.chat();
    expect(response.status).toBe(429);
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ mode: "real", upstream: "first", status: 429, ending: "finish", rule: "default" });
  });

  test("a real stream passes event by event", async () => {
    const { behind, first } = world;
    const stream = stepped();
    first.script(stream.script);
    const response = await behind.chat({}, { stream: true });
    const reader = response.body!.getReader();
    for (const event of chatEvents(["one", "two"])) {
      await stream.send(event);
      const { value } = await reader.read();
      expect(Buffer.from(value as Uint8Array).toString()).toBe(event);
    }
    await stream.end();
    expect((await reader.read()).done).toBe(true);
  });

  test("a client that leaves before the response gives its permit back, and the upstream is told", async () => {
    const { behind, first } = world;
    first.script(hang);
    const before = first.received.length;
    const leaving = new AbortController();
    const asking = behind.chat({}, {}, leaving.signal).catch(() => "left");
    const received = await first.request(before);
    leaving.abort();
    expect(await asking).toBe("left");
    expect(await received.ended).toBe("gone");
    await behind.node.idle();
  });

  describe("bent answers", () => {
    const bent = async (fault: string): Promise<Response> => {
      world.first.script(sse(chatEvents(["a", "b", "c", "d", "e"]), { gapMs: 10 }));
      return await world.behind.chat({ "x-stuntdouble": `forward, fault=${fault}` }, { stream: true });
    };

    test("a clean end looks like one, without the final marker", async () => {
      const response = await bent("clean-end;after=2");
      expect(response.headers.get("x-stuntdouble-fault")).toBe("clean-end");
      const text = await response.text();
      expect(text).toBe(chatEvents(["a", "b", "c", "d", "e"]).slice(0, 3).join(""));
    });

    test("a cut breaks off", async () => {
      await expect((await bent("cut;after=2")).text()).rejects.toThrow(/terminated|fetch failed/);
    });

    test.each(["where=head", "where=body", "after-bytes=0"])(
      "a cut %s breaks off after the upstream's own head",
      async (at) => {
        world.first.script(json(chatResponse("Hello"), { headers: { "x-own": "yes" } }));
        const response = await world.behind.chat({ "x-stuntdouble": `forward, fault=cut;${at}` });
        expect(response.status).toBe(200);
        expect(response.headers.get("x-own")).toBe("yes");
        await expect(response.text()).rejects.toThrow(/terminated/);
      },
    );

    test("a cut before the upstream has answered is a 502", async () => {
      world.first.script(hang);
      const response = await world.behind.chat({ "x-stuntdouble": "forward, fault=cut;after-ms=100" });
      expect(response.status).toBe(502);
      await world.behind.node.idle();
    });

    test("a malformed event expectReplaced one", async () => {
      const text = await (await bent("malformed;after=2")).text();
      expect(text).not.toBe(chatEvents(["a", "b", "c", "d", "e"]).join(""));
      expect(text).toContain('"content":"a"');
    });

    test("a drip changes no byte", async () => {
      const text = await (await bent("drip;slice-bytes=20")).text();
      expect(text).toBe(chatEvents(["a", "b", "c", "d", "e"]).join(""));
    });

    test("a delay holds the response back", async () => {
      const startMs = performance.now();
      const response = await bent("delay;ms=400");
      expect(await response.text()).toBe(chatEvents(["a", "b", "c", "d", "e"]).join(""));
      expect(performance.now() - startMs).toBeGreaterThan(399);
    });

    test("a status takes the place of the call: the upstream is not asked", async () => {
      const before = world.first.received.length;
      const response = await bent("status;status=503");
      expect(response.status).toBe(503);
      expect(world.first.received).toHaveLength(before);
    });

    test("a replaced response is asked for, broken off, and an error comes in its place", async () => {
      const before = world.first.received.length;
      world.first.script(sse(chatEvents(["a", "b"]), { ending: "hang", headers: { "x-own": "yes" } }));
      const response = await world.behind.chat(
        { "x-stuntdouble": "forward, fault=replace;status=507" },
        { stream: true },
      );
      expect(response.status).toBe(507);
      expect(await response.json()).toMatchObject({ error: { type: "server_error" } });
      expect(response.headers.get("x-own")).toBeNull();
      expect(response.headers.get("x-stuntdouble-fault")).toBe("replace");
      expect(await world.first.received[before]!.ended).toBe("gone");
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome).toMatchObject({ mode: "fault", status: 507, faults: ["replace"], ending: "finish" });
      const line = await until("a line of the access log", () =>
        world.behind.envoy.accessLog().find((each) => each.startsWith("access 507")),
      );
      expect(line).toBe("access 507 stuntdouble_forward forward control first");
    });

    test.each([
      ["late", "(delay;ms=400 replace;status=504)"],
      ["in small pieces", "(replace;status=504 drip;slice-bytes=10)"],
    ])("the error in place of a response can come %s", async (_how, faults) => {
      for (const script of [sse(chatEvents(["a"])), json(chatResponse("Hello")), json("", { status: 204 })]) {
        world.first.script(script);
        const response = await world.behind.chat({ "x-stuntdouble": `forward, fault=${faults}` });
        expect(response.status).toBe(504);
        expect(await response.json()).toHaveProperty("error");
      }
      await world.behind.node.idle();
    });

    test("the error in place of a response can break off", async () => {
      world.first.script(json(chatResponse("Hello")));
      const wish = "forward, fault=(replace;status=502 cut;after-bytes=10)";
      const response = await world.behind.chat({ "x-stuntdouble": wish });
      expect(response.status).toBe(502);
      await expect(response.text()).rejects.toThrow(/terminated/);
    });

    test("the outcome names the fault and counts the tokens that went through", async () => {
      await (await bent("clean-end;after=2")).text();
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome).toMatchObject({ mode: "real", faults: ["clean-end"], ending: "finish", actual: { tokens: 2 } });
    });
  });

  test("a mirrored stream is timed token by token beside the simulated one", async () => {
    const { behind, first } = world;
    first.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 30 }));
    const response = await behind.chat({ "x-stuntdouble": "mirror" }, { stream: true });
    expect(await response.text()).toBe(chatEvents(["a", "b", "c"]).join(""));
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome?.shadow?.real.tokens).toBe(3);
    expect(outcome?.shadow?.real.totalMs).toBeGreaterThan(80);
    expect(outcome?.shadow?.simulated.tokens).toBeGreaterThan(0);
  });

  test("an upstream that keeps failing opens its breaker, and Envoy is told so", async () => {
    const { behind, first } = world;
    first.script(json({ error: { message: "down" } }, { status: 500 }));
    await until("an open breaker", async () => {
      await (await behind.chat()).text();
      const { breakers } = await behind.node.admin<{ breakers: Record<string, string> }>("/admin/v1/status");
      return breakers["first"] === "open" ? true : undefined;
    });
    const refused = await behind.chat();
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: "BREAKER_OPEN" } });
  });
});

describeWith("envoy", findEnvoy(), "observe: response", (place) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(place, { observe: "response" });
  });
  afterAll(async () => {
    await stopWorld(world);
  });

  test("the tokens of a real stream are counted and timed", async () => {
    const { behind, first } = world;
    first.script(sse(chatEvents(["a", "b", "c", "d"]), { gapMs: 25 }));
    await (await behind.chat({ "accept-encoding": "identity" }, { stream: true })).text();
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome).toMatchObject({ mode: "real", ending: "finish", actual: { tokens: 4 } });
    expect(outcome?.actual.atMs).toHaveLength(4);
    expect(outcome!.actual.totalMs).toBeGreaterThan(100);
  });

  test("the usage of a real JSON response is counted", async () => {
    const { behind, first } = world;
    first.script(json(chatResponse("Hello")));
    const response = await behind.chat({ "accept-encoding": "identity" });
    expect(await response.json()).toEqual(chatResponse("Hello"));
    await behind.node.idle();
    const [outcome] = await behind.node.outcomes();
    expect(outcome?.actual.tokens).toBe(3);
  });

  test("trailers of a response pass", async () => {
    const { behind, first } = world;
    first.script((response) => {
      response.writeHead(200, { "content-type": "text/plain", trailer: "x-checksum" });
      response.write("body");
      response.addTrailers({ "x-checksum": "42" });
      response.end();
    });
    for (const need of ["forward", "forward, fault=delay;ms=1"]) {
      const response = await behind.chat({ "x-stuntdouble": need });
      expect(await response.text()).toBe("body");
    }
  });
});

describeWith("envoy", findEnvoy(), "message_timeout of the filter", (place) => {
  test("does not end what takes its time on purpose", async () => {
    const upstream = await startUpstream(json(chatResponse("Hello")));
    const behind = await startBehindEnvoy(
      place,
      { upstreams: { first: { url: upstream.url } } },
      { upstreams: { first: upstream.port }, filter: { message_timeout: "0.4s" } },
    );
    try {
      for (const wish of ["simulate, ttft=1000, tokens=2", "forward, fault=delay;ms=1000"]) {
        for (const stream of [false, true]) {
          const response = await behind.chat({ "x-stuntdouble": wish }, { stream });
          expect([wish, response.status]).toEqual([wish, 200]);
          await response.text();
        }
      }
    } finally {
      await behind.stop();
      await upstream.stop();
    }
  });
});

describeWith("envoy", findEnvoy(), "modes of the filter", (place) => {
  const inModes = async (modes: object, check: (world: World) => Promise<void>): Promise<void> => {
    const world = await startWorld(place, { modes });
    try {
      await check(world);
      await world.behind.node.idle();
    } finally {
      await stopWorld(world);
    }
  };
  const simulates = async ({ behind }: World, stream: boolean): Promise<void> => {
    const response = await behind.chat({}, { model: "simulated", stream, max_tokens: 3 });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(stream ? "[DONE]" : '"completion_tokens":3');
  };
  const steers = async ({ behind, second }: World): Promise<void> => {
    const response = await behind.chat({}, { model: "second-1" });
    expect(await response.json()).toEqual(chatResponse("Hello from the second"));
    expect(JSON.parse(second.received[0]!.body().toString())).toMatchObject({ model: "second-1" });
  };

  const expectReplaced = async ({ behind, first }: World, stream = false): Promise<void> => {
    for (const script of [json(chatResponse("Hello")), sse(chatEvents(["a", "b", "c"]), { gapMs: 5 })]) {
      first.script(script);
      const response = await behind.chat({ "x-stuntdouble": "fault=replace;status=502;message=Gone" }, { stream });
      expect(response.status).toBe(502);
      expect(await response.json()).toMatchObject({ error: { message: "Gone" } });
      await behind.node.idle();
      expect((await behind.node.outcomes())[0]).toMatchObject({ status: 502, faults: ["replace"], ending: "finish" });
    }
  };

  test.each([
    ["STREAMED", { request_body_mode: "STREAMED" }],
    ["NONE", { request_body_mode: "NONE" }],
    ["BUFFERED", { request_body_mode: "BUFFERED" }],
    ["FULL_DUPLEX_STREAMED for requests", { request_body_mode: "FULL_DUPLEX_STREAMED", request_trailer_mode: "SEND" }],
    [
      "FULL_DUPLEX_STREAMED for requests and STREAMED for answers",
      { request_body_mode: "FULL_DUPLEX_STREAMED", response_body_mode: "STREAMED", request_trailer_mode: "SEND" },
    ],
    [
      "FULL_DUPLEX_STREAMED both ways",
      {
        request_body_mode: "FULL_DUPLEX_STREAMED",
        response_body_mode: "FULL_DUPLEX_STREAMED",
        request_trailer_mode: "SEND",
        response_trailer_mode: "SEND",
      },
    ],
  ])("%s: a response can be replaced", async (_name, modes) => {
    await inModes(modes, async (world) => {
      await expectReplaced(world);
      await expectReplaced(world, true);
    });
  });

  test("FULL_DUPLEX_STREAMED for requests: all but bent responses, which are refused", async () => {
    const modes = { request_body_mode: "FULL_DUPLEX_STREAMED", request_trailer_mode: "SEND" };
    await inModes(modes, async (world) => {
      await simulates(world, false);
      await simulates(world, true);
      await steers(world);
      const refused = await world.behind.chat({ "x-stuntdouble": "fault=cut;after=2" });
      expect(refused.status).toBe(500);
      expect(await refused.text()).toContain("response_body_mode to FULL_DUPLEX_STREAMED");
      const mirrored = await world.behind.chat({ "x-stuntdouble": "mirror" });
      expect(mirrored.status).toBe(200);
      await mirrored.text();
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome?.shadow).toBeUndefined();
    });
  });

  test("FULL_DUPLEX_STREAMED both ways: all of it", async () => {
    const both = { request_body_mode: "FULL_DUPLEX_STREAMED", response_body_mode: "FULL_DUPLEX_STREAMED" };
    await inModes({ ...both, request_trailer_mode: "SEND", response_trailer_mode: "SEND" }, async (world) => {
      await simulates(world, true);
      await steers(world);
      world.first.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 5 }));
      const bent = await world.behind.chat({ "x-stuntdouble": "fault=clean-end;after=1" }, { stream: true });
      expect(await bent.text()).toBe(chatEvents(["a"]).slice(0, 2).join(""));
    });
  });

  test("FULL_DUPLEX_STREAMED for requests and STREAMED for answers: a mirror sees each piece", async () => {
    const modes = { request_body_mode: "FULL_DUPLEX_STREAMED", response_body_mode: "STREAMED" };
    await inModes({ ...modes, request_trailer_mode: "SEND" }, async (world) => {
      world.first.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 5 }));
      const response = await world.behind.chat({ "x-stuntdouble": "mirror" }, { stream: true });
      expect(await response.text()).toBe(chatEvents(["a", "b", "c"]).join(""));
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome?.shadow?.real.tokens).toBe(3);
    });
  });

  test.each(["STREAMED", "BUFFERED", "NONE"])("%s, and answers seen whole: one can be replaced", async (mode) => {
    const world = await startWorld(place, { observe: "response", modes: { request_body_mode: mode } });
    try {
      await expectReplaced(world);
    } finally {
      await stopWorld(world);
    }
  });

  test("BUFFERED: answers can be seen, where that is asked for all", async () => {
    const world = await startWorld(place, { observe: "response", modes: { request_body_mode: "BUFFERED" } });
    try {
      world.first.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 5 }));
      const response = await world.behind.chat({ "accept-encoding": "identity" }, { stream: true });
      expect(await response.text()).toBe(chatEvents(["a", "b", "c"]).join(""));
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome?.actual.tokens).toBe(3);
    } finally {
      await stopWorld(world);
    }
  });

  test("BUFFERED: bodies decide and JSON is simulated; streams are refused", async () => {
    await inModes({ request_body_mode: "BUFFERED" }, async (world) => {
      await simulates(world, false);
      await steers(world);
      const refused = await world.behind.chat({}, { model: "simulated", stream: true });
      expect(refused.status).toBe(500);
      expect(await refused.text()).toContain("A stream cannot be simulated");
      const bent = await world.behind.chat({ "x-stuntdouble": "fault=cut;after=2" });
      expect(bent.status).toBe(500);
      const mirrored = await world.behind.chat({ "x-stuntdouble": "mirror" });
      expect(mirrored.status).toBe(200);
      await world.behind.node.idle();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome).toMatchObject({ status: 200, ending: "finish" });
      const cut = await world.behind.chat({ "x-stuntdouble": `simulate, profile="instant", fault=cut;after-bytes=10` });
      expect(cut.status).toBe(502);
    });
  });

  test("NONE: headers decide, and nothing that needs a body is simulated", async () => {
    await inModes({ request_body_mode: "NONE" }, async (world) => {
      const forwarded = await world.behind.chat();
      expect(await forwarded.json()).toEqual(chatResponse("Hello"));
      const steered = await world.behind.chat({ "x-stuntdouble": 'upstream="second"' });
      expect(await steered.json()).toEqual(chatResponse("Hello from the second"));
      const limited = await world.behind.chat({ "x-stuntdouble": "fault=status;status=429" });
      expect(limited.status).toBe(429);
      world.first.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 5 }));
      const bent = await world.behind.chat({ "x-stuntdouble": "fault=clean-end;after-events=2" }, { stream: true });
      expect(await bent.text()).toBe(chatEvents(["a"]).slice(0, 2).join(""));
      const refused = await world.behind.chat({ "x-stuntdouble": "simulate" });
      expect(refused.status).toBe(500);
      expect(await refused.text()).toContain("does not give us this request's body");
    });
  });
});

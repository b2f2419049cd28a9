import { hash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TrafficRecord } from "../../../src/core/records/types.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { until } from "../../support/node.ts";
import { findEnvoy, type EnvoyPlace } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
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

type World = { readonly behind: BehindEnvoy; readonly provider: ScriptedUpstream; readonly other: ScriptedUpstream };

const plain = { "accept-encoding": "identity" };
const streamed = { request_body_mode: "STREAMED", response_body_mode: "STREAMED" };

/** A sidecar whose rules would refuse, simulate and break everything, shown the calls of one provider. */
async function startWorld(place: EnvoyPlace, modes: object = streamed): Promise<World> {
  const provider = await startUpstream(json(chatResponse("Hello")));
  const other = await startUpstream(sse(chatEvents(["of", " the", " other"])));
  const behind = await startBehindEnvoy(
    place,
    {
      auth: { keys: [{ name: "known", sha256: hash("sha256", "sk-known"), requestsPerMinute: 1 }] },
      upstreams: { first: { url: provider.url }, other: { url: other.url } },
      records: {},
      rules: [
        { name: "mirrored", match: { model: "mirrored" }, serve: "forward", upstream: "first", mirror: "simulate" },
        {
          name: "copied",
          match: { model: "copied" },
          serve: "forward",
          upstream: "first",
          mirror: { upstream: "other" },
        },
        {
          name: "broken",
          match: { model: "broken" },
          serve: "forward",
          upstream: "first",
          faults: [{ kind: "status", status: 503 }],
        },
      ],
      default: { serve: "simulate", profile: "instant" },
    },
    {
      upstreams: { first: provider.port },
      filter: {
        observability_mode: true,
        failure_mode_allow: true,
        deferred_close_timeout: "0.2s",
        processing_mode: { request_header_mode: "SEND", response_header_mode: "SEND", ...modes },
      },
    },
  );
  return { behind, provider, other };
}

async function stopWorld({ behind, provider, other }: World): Promise<void> {
  await behind.stop();
  await Promise.all([provider.stop(), other.stop()]);
}

/** The record of the call with this id. */
async function recordWith(id: string, { node }: BehindEnvoy): Promise<TrafficRecord> {
  return await until("its record", async () => {
    const lines = (await (await fetch(`${node.adminUrl}/admin/v1/records`)).text()).split("\n");
    const line = lines.find((each) => each.includes(id));
    const found: TrafficRecord | undefined = line === undefined ? undefined : JSON.parse(line);
    return found;
  });
}

describeWith("envoy", findEnvoy(), "calls that Envoy only shows (observability_mode)", (place) => {
  let world: World;
  let seen = 0;
  beforeAll(async () => {
    world = await startWorld(place);
  });
  afterAll(async () => {
    await stopWorld(world);
  });
  /** The outcome of the one call since the last time. */
  const nextOutcome = async (): Promise<Outcome> => {
    seen += 1;
    const outcomes = await world.behind.node.outcomes(seen);
    expect(outcomes).toHaveLength(seen);
    return outcomes[0]!;
  };
  test("a stream is the provider's own, and its tokens are counted and timed", async () => {
    const { behind, provider } = world;
    const events = chatEvents(["a", "b", "c", "d"]);
    provider.script(sse(events, { gapMs: 25 }));
    const headers = { ...plain, "x-stuntdouble": "fault=cut;after=1", authorization: "Bearer sk-known" };
    const response = await behind.chat(headers, { stream: true });
    expect(await response.text()).toBe(events.join(""));
    expect([...response.headers.keys()].filter((name) => name.startsWith("x-stuntdouble"))).toEqual([]);
    const received = provider.received.at(-1)!;
    expect(received.headers).toMatchObject(headers);
    expect(received.headers["x-stuntdouble-upstream"]).toBeUndefined();
    const outcome = await nextOutcome();
    expect(outcome).toMatchObject({
      mode: "real",
      rule: "default",
      keyName: "known",
      model: "gpt-4o",
      status: 200,
      ending: "finish",
      faults: [],
      actual: { tokens: 4 },
    });
    expect(outcome.actual.atMs).toHaveLength(4);
    expect(outcome.actual.totalMs).toBeGreaterThan(70);
    expect(outcome.shadow).toBeUndefined();
  });

  test("neither a missing key nor a used up quota nor a fault stops a call", async () => {
    const { behind, provider } = world;
    provider.script(json(chatResponse("Hello")));
    for (const headers of [{}, { authorization: "Bearer sk-known" }]) {
      const response = await behind.chat({ ...plain, ...headers }, { model: "broken" });
      expect(await response.json()).toEqual(chatResponse("Hello"));
      const outcome = await nextOutcome();
      expect(outcome).toMatchObject({ mode: "real", rule: "broken", upstream: "first", status: 200, faults: [] });
      expect(outcome.actual.tokens).toBe(3);
    }
  });

  test("a rule with a mirror pairs the response with the simulated one", async () => {
    const { behind, provider } = world;
    provider.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 30 }));
    await (await behind.chat(plain, { model: "mirrored", stream: true })).text();
    const { shadow, profile } = await nextOutcome();
    expect(profile).toBeDefined();
    expect(shadow?.real.atMs).toHaveLength(3);
    expect(shadow?.real.totalMs).toBeGreaterThan(80);
    expect(shadow?.simulated.tokens).toBeGreaterThan(0);
  });

  test("each call has a record that says that it was only observed", async () => {
    const { behind, provider } = world;
    provider.script(sse(chatEvents(["a", "b", "c"]), { gapMs: 5 }));
    await (await behind.chat(plain, { model: "mirrored", stream: true })).text();
    const record = await recordWith((await nextOutcome()).id, behind);
    expect(record).toMatchObject({ observed: true, upstream: "first", actual: { outputTokens: 3 } });
    expect(record.inFlight).toBeUndefined();
  });

  test("the sidecar sends the copy for another upstream itself, and the record has both sides", async () => {
    const { behind, provider, other } = world;
    provider.script(sse(chatEvents(["of", " first"])));
    const asked = { model: "copied", stream: true };
    expect(await (await behind.chat({ ...plain, authorization: "Bearer sk-known" }, asked)).text()).toContain("first");
    const record = await recordWith((await nextOutcome()).id, behind);
    const mirror = { from: "upstream", name: "other", outputTokens: 3 };
    expect(record).toMatchObject({ observed: true, actual: { outputTokens: 2 }, mirror });
    const [copy] = other.received;
    expect(JSON.parse(copy!.body().toString())).toMatchObject(asked);
    expect(copy?.headers["authorization"]).toBeUndefined();
  });

  test("what the provider refuses is its response, also to a body that is no JSON", async () => {
    const { behind, provider } = world;
    provider.script(json({ error: { message: "no JSON" } }, { status: 400 }));
    const response = await fetch(`${behind.envoy.url}/v1/chat/completions`, { method: "POST", body: "{" });
    expect(response.status).toBe(400);
    expect(await nextOutcome()).toMatchObject({ mode: "real", status: 400, ending: "finish" });
  });

  test("a path that cannot be simulated is seen, too", async () => {
    const { behind, provider } = world;
    provider.script((response) => void response.writeHead(201).end("made"));
    const response = await fetch(`${behind.envoy.url}/v1/files`, { method: "POST", body: "x".repeat(300_000) });
    expect(await response.text()).toBe("made");
    expect(await nextOutcome()).toMatchObject({ mode: "real", status: 201, ending: "finish" });
  });

  test("a client that leaves ends the outcome once Envoy says so", async () => {
    const { behind, provider } = world;
    const stream = stepped();
    provider.script(stream.script);
    const leaving = new AbortController();
    const response = await behind.chat(plain, { stream: true }, leaving.signal);
    const reader = response.body!.getReader();
    await stream.send(chatEvents(["a"])[0]!);
    await reader.read();
    leaving.abort();
    await reader.read().catch(() => undefined);
    expect(await nextOutcome()).toMatchObject({ mode: "real", status: 200, ending: "client-gone" });
  });

  test("nothing is held meanwhile: calls under way are no calls in flight", async () => {
    const { behind, provider } = world;
    provider.script(hang);
    const before = provider.received.length;
    const leaving = new AbortController();
    const asking = behind.chat({}, {}, leaving.signal).catch(() => "left");
    await provider.request(before);
    const { inFlight } = await behind.node.admin<{ inFlight: number }>("/admin/v1/status");
    expect(inFlight).toBe(0);
    leaving.abort();
    expect(await asking).toBe("left");
    expect(await nextOutcome()).toMatchObject({ status: 499, ending: "client-gone" });
  });
});

describeWith("envoy", findEnvoy(), "observability_mode with less to see", (place) => {
  test("without the bodies of requests, rules see headers, and times count from the head of the request", async () => {
    const world = await startWorld(place, { request_body_mode: "NONE", response_body_mode: "STREAMED" });
    try {
      world.provider.script(sse(chatEvents(["a", "b"]), { gapMs: 30 }));
      await (await world.behind.chat(plain, { model: "mirrored", stream: true })).text();
      const [outcome] = await world.behind.node.outcomes();
      expect(outcome).toMatchObject({ mode: "real", rule: "default", ending: "finish", actual: { tokens: 2 } });
      expect(outcome?.model).toBeUndefined();
      expect(outcome?.actual.ttftMs).toBeGreaterThan(20);
    } finally {
      await stopWorld(world);
    }
  });

  test("calls go on when the sidecar is gone", async () => {
    const world = await startWorld(place);
    try {
      await world.behind.node.stop();
      const response = await world.behind.chat();
      expect(await response.json()).toEqual(chatResponse("Hello"));
    } finally {
      await stopWorld(world);
    }
  });
});

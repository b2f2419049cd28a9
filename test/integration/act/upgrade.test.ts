import type { Duplex } from "node:stream";
import type { IncomingMessage } from "node:http";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { apiError } from "../../support/errors.ts";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";
import { json, nowhere, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const handshake = (target: string, headers: readonly string[] = []): string =>
  [
    `GET ${target} HTTP/1.1`,
    "host: localhost",
    "connection: Upgrade",
    "upgrade: websocket",
    "sec-websocket-version: 13",
    "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
    "\r\n",
  ].join("\r\n");

const accepted =
  "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-stuntdouble-seed: 1\r\n\r\n";

describe("a WebSocket", () => {
  const upgrades: { request: IncomingMessage; socket: Duplex }[] = [];
  let upstream: ScriptedUpstream;
  let node: Node;
  beforeAll(async () => {
    upstream = await startUpstream(json({}), {
      onUpgrade(request, socket) {
        upgrades.push({ request, socket });
        socket.on("error", () => undefined);
        if (request.url?.includes("refuse") === true) {
          socket.end(
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\nx-stuntdouble-rule: theirs\r\n\r\nno",
          );
          return;
        }
        socket.write(accepted);
        socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
      },
    });
    node = await startNode(
      {
        upstreams: { openai: { url: upstream.url, apiKeyEnv: "REAL_KEY" } },
        default: { serve: "forward" },
        auth: { keys: [{ name: "team", env: "TEAM_KEY" }] },
      },
      { env: { REAL_KEY: "sk-real", TEAM_KEY: "team-secret" } },
    );
  });
  afterAll(async () => {
    await node.stop();
    await upstream.stop();
  });

  const mine = [
    "authorization: Bearer team-secret",
    "x-api-key: team-secret",
    "api-key: team-secret",
    "x-stuntdouble: simulate",
  ];
  const open = async (target = "/v1/realtime?model=gpt-4o-realtime") => {
    const connection = await rawConnect(node.port);
    connection.socket.write(handshake(target, mine));
    await until("the upgrade", () => (connection.text().startsWith("HTTP/1.1 101") ? true : undefined));
    return { connection, peer: upgrades.at(-1)! };
  };

  test("passes through to the upstream, and bytes go both ways", async () => {
    const { connection, peer } = await open();
    expect(peer.request.url).toBe("/v1/realtime?model=gpt-4o-realtime");
    connection.socket.write("hello");
    await until("the echo", () => (connection.text().endsWith("echo hello") ? true : undefined));
    peer.socket.write(" and more");
    const response = await connection.response({ enough: (text) => text.endsWith(" and more") });
    expect(response.status).toBe(101);
  });

  test("carries the upstream's key and nothing that was meant for the sidecar", async () => {
    const { connection, peer } = await open();
    expect(peer.request.headers.authorization).toBe("Bearer sk-real");
    expect(peer.request.rawHeaders.join("\n")).not.toMatch(/team-secret|x-stuntdouble/i);
    connection.socket.destroy();
  });

  test("closes at the upstream when the client leaves", async () => {
    const { connection, peer } = await open();
    connection.socket.destroy();
    await until("the close", () => (peer.socket.destroyed || peer.socket.readableEnded ? true : undefined));
    expect((await node.outcomes())[0]).toMatchObject({
      route: "/v1/realtime",
      status: 101,
      mode: "real",
      upstream: "openai",
    });
  });

  test("breaks at the client when the upstream breaks", async () => {
    const { connection, peer } = await open();
    if ("resetAndDestroy" in peer.socket) (peer.socket.resetAndDestroy as () => void)();
    const response = await connection.response();
    expect(response.closed).toBe("reset");
    expect(response.body).toBe("");
    expect((await node.outcomes())[0]).toMatchObject({ mode: "real", status: 101, cause: "UPSTREAM_RESET" });
  });

  test("says what was decided, and nothing of what another node behind this one decided", async () => {
    const { connection } = await open();
    const { headers } = await connection.response({ enough: (text) => text.includes("\r\n\r\n") });
    expect(headers).toMatchObject({ "x-stuntdouble-decision": "forward", "x-stuntdouble-rule": "default" });
    expect(headers).not.toHaveProperty("x-stuntdouble-seed");
  });

  test("that the upstream refuses is refused with the upstream's own response, which says what was decided", async () => {
    const response = await rawRequest(node.port, handshake("/v1/refuse", mine));
    expect(response).toMatchObject({
      status: 403,
      body: "no",
      headers: { "x-stuntdouble-decision": "forward", "x-stuntdouble-rule": "default" },
    });
    expect(response.text.match(/x-stuntdouble-rule/g)).toHaveLength(1);
    await until("the outcome", async () => ((await node.outcomes())[0]?.status === 403 ? true : undefined));
  });

  test("without a key is refused with 401 and never reaches the upstream", async () => {
    const before = upgrades.length;
    const response = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(response.status).toBe(401);
    expect(JSON.parse(response.body)).toMatchObject({ error: { code: "invalid_api_key" } });
    expect(upgrades).toHaveLength(before);
  });

  test("to another host by an absolute target is refused with 400", async () => {
    const before = upgrades.length;
    const response = await rawRequest(node.port, handshake("http://internal.example/v1/realtime", mine));
    expect(response.status).toBe(400);
    expect(upgrades).toHaveLength(before);
  });
});

describe("the limits of a node hold for a WebSocket", () => {
  let upstream: ScriptedUpstream;
  let node: Node;
  let reached = 0;
  beforeAll(async () => {
    upstream = await startUpstream(json({}), {
      onUpgrade({ headers }, socket) {
        reached += 1;
        socket.on("error", () => undefined).on("end", () => socket.end());
        const { via = "nobody", baggage } = headers;
        socket.write(`${accepted}via ${via}${baggage === undefined ? "" : `baggage ${String(baggage)}`}`);
      },
    });
  });
  afterEach(() => node.stop());
  afterAll(() => upstream.stop());

  const start = async (more: object): Promise<void> => {
    reached = 0;
    node = await startNode({ upstreams: { openai: { url: upstream.url } }, default: { serve: "forward" }, ...more });
  };
  const open = async () => {
    const connection = await rawConnect(node.port);
    connection.socket.write(handshake("/v1/realtime"));
    return connection;
  };
  const isOpen = (connection: RawConnection) =>
    until("the upgrade", () => (connection.text().includes("101 Switching") ? true : undefined));

  test("one permit until it closes; without one it is refused with 503 and never reaches the upstream", async () => {
    await start({ permits: { max: 1, queue: 0 } });
    const first = await open();
    await isOpen(first);
    expect(await node.metric("stuntdouble_inflight")).toBe(1);
    const refused = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(refused).toMatchObject({ status: 503, closed: "fin", headers: { "retry-after": "2" } });
    expect(apiError(refused.body)).toMatchObject({ type: "server_error", code: "QUEUE_FULL" });
    expect(reached).toBe(1);
    first.socket.destroy();
    await node.idle();
    const second = await open();
    await isOpen(second);
    second.socket.destroy();
    await node.idle();
    expect((await node.outcomes(3)).map(({ status }) => `${status}`).sort()).toEqual(["101", "101", "503"]);
  });

  test("it waits in the queue with all others, and its place is free again when its client leaves", async () => {
    await start({ permits: { max: 1, queue: 1, queueTimeoutMs: 8000 } });
    const first = await open();
    await isOpen(first);
    const gone = await open();
    const queued = (count: number) =>
      until("the queue", async () => ((await node.metric("stuntdouble_queue_depth")) === count ? true : undefined));
    await queued(1);
    gone.socket.resetAndDestroy();
    await queued(0);
    const patient = await open();
    await queued(1);
    first.socket.destroy();
    await isOpen(patient);
    patient.socket.destroy();
    await node.idle();
    const served = (await node.outcomes(3)).find(({ status, queueMs }) => status === 101 && queueMs > 0);
    expect(served).toMatchObject({ route: "/v1/realtime", mode: "real" });
  });

  test("one request of a minute's; beyond them it is refused with 429 and told how long to wait", async () => {
    await start({ rateLimit: { requestsPerMinute: 1 } });
    const first = await open();
    await isOpen(first);
    const refused = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(refused).toMatchObject({ status: 429, headers: { "x-ratelimit-limit-requests": "1" } });
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(apiError(refused.body)).toMatchObject({ type: "requests", code: "rate_limit_exceeded" });
    expect(reached).toBe(1);
    first.socket.destroy();
    await node.idle();
  });

  test("a fault that responds by itself does so as an HTTP error, and the upstream is not asked", async () => {
    await start({ rules: [{ name: "limited", serve: "forward", faults: [{ kind: "status", status: 429 }] }] });
    const response = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(response).toMatchObject({
      status: 429,
      closed: "fin",
      headers: { "x-stuntdouble-decision": "fault", "x-stuntdouble-rule": "limited", "retry-after": "1" },
    });
    expect(apiError(response.body)).toMatchObject({ code: "rate_limit_exceeded" });
    expect(reached).toBe(0);
    expect((await node.outcomes())[0]).toMatchObject({
      mode: "fault",
      rule: "limited",
      status: 429,
      faults: ["status"],
    });
    await node.idle();
  });

  test("such an error comes as late as a delay says, and not at all to a client that has left", async () => {
    const faults = [
      { kind: "status", status: 503 },
      { kind: "delay", ms: 200 },
    ];
    await start({ rules: [{ name: "slow", serve: "forward", faults }] });
    const sentMs = Date.now();
    const response = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(response.status).toBe(503);
    expect(Date.now() - sentMs).toBeGreaterThanOrEqual(199);
    const leaving = await open();
    await until("the permit", async () => ((await node.metric("stuntdouble_inflight")) === 1 ? true : undefined));
    leaving.socket.resetAndDestroy();
    await node.idle();
    expect((await node.outcomes(2))[0]).toMatchObject({ status: 499, ending: "client-gone", rule: "slow" });
  });

  test("the control header decides on it, too, and one that cannot be followed is refused with 400", async () => {
    await start({ control: { enabled: true } });
    const ask = (value: string) => rawRequest(node.port, handshake("/v1/realtime", [`x-stuntdouble: ${value}`]));
    expect(await ask("fault=status;status=529")).toMatchObject({
      status: 529,
      headers: { "x-stuntdouble-rule": "control" },
    });
    expect(await ask("nope")).toMatchObject({ status: 400 });
    expect(reached).toBe(0);
  });

  test("baggage decides on it as the control header does, and only our member is taken out", async () => {
    await start({ control: { enabled: true } });
    const ask = (value: string) => handshake("/v1/realtime", [`baggage: userId=1, stuntdouble="${value}"`]);
    const refused = await rawRequest(node.port, ask("fault=status;status=529"));
    expect(refused).toMatchObject({ status: 529, headers: { "x-stuntdouble-rule": "control" } });
    const connection = await rawConnect(node.port);
    connection.socket.write(ask("forward"));
    await isOpen(connection);
    expect(connection.text()).toMatch(/baggage userId=1$/);
    connection.socket.destroy();
  });

  test("a loop: it names this node, and is refused with 508 where it comes back", async () => {
    await start({});
    const first = await open();
    await isOpen(first);
    const [, via] = (await first.response({ enough: (text) => text.includes("via ") })).text.split("via ");
    expect(via).toMatch(/^1\.1 stuntdouble-[0-9a-f]{24}$/);
    const again = await rawRequest(node.port, handshake("/v1/realtime", [`via: 1.0 other, ${via}`]));
    expect(again.status).toBe(508);
    expect(reached).toBe(1);
  });
});

describe("a WebSocket without an upstream", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode();
  });
  afterAll(() => node.stop());

  test("is refused with 404 in the provider's shape", async () => {
    const response = await rawRequest(node.port, handshake("/v1/realtime"));
    expect(response).toMatchObject({ status: 404, closed: "fin" });
    expect(response.text).toMatch(/^HTTP\/1\.1 404 Not Found\r\n/);
    expect(JSON.parse(response.body)).toEqual({
      error: { message: expect.any(String) as string, type: "invalid_request_error", param: null, code: "unknown_url" },
    });
  });

  test("is not held by a client that never closes", async () => {
    const before = openSockets();
    const { socket, ended } = await rawConnect(node.port);
    socket.write(handshake("/v1/realtime"));
    await until("the refusal", () => (ended() === "fin" ? true : undefined));
    await until("the sidecar's side to close", () => (openSockets() <= before + 1 ? true : undefined));
    socket.destroy();
  });

  test("does no harm when its client resets the connection at once", async () => {
    for (let count = 0; count < 50; count += 1) {
      const { socket } = await rawConnect(node.port);
      socket.write(handshake("/v1/realtime"), () => socket.resetAndDestroy());
    }
    const response = await fetch(`${node.url}/v1/models`);
    expect(response.status).toBe(200);
    await response.arrayBuffer();
  });
});

describe("a WebSocket whose upstream is not there", () => {
  test("is refused with 502, and a client that resets meanwhile does no harm", async () => {
    const node = await startNode({ upstreams: { openai: { url: nowhere } }, default: { serve: "forward" } });
    expect((await rawRequest(node.port, handshake("/v1/realtime"))).status).toBe(502);
    for (let count = 0; count < 50; count += 1) {
      const { socket } = await rawConnect(node.port);
      socket.write(handshake("/v1/realtime"), () => socket.resetAndDestroy());
    }
    expect((await rawRequest(node.port, handshake("/v1/realtime"))).status).toBe(502);
    await node.stop();
  });
});

describe("a WebSocket of a node that stops", () => {
  test.each([
    ["goes on until its client closes it", 10_000, true],
    ["goes on until the limit", 300, false],
  ])("%s", async (_how, drainMs, drained) => {
    const upstream = await startUpstream(json({}), {
      onUpgrade(_request, socket) {
        socket.on("error", () => undefined);
        socket.write(accepted);
        socket.on("data", (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
        socket.on("end", () => socket.end());
      },
    });
    const node = await startNode({
      upstreams: { openai: { url: upstream.url } },
      default: { serve: "forward" },
      listen: { drainMs },
    });
    const { socket, text, ended } = await rawConnect(node.port);
    socket.write(handshake("/v1/realtime"));
    await until("the upgrade", () => (text().startsWith("HTTP/1.1 101") ? true : undefined));
    const stopped = node.stop();
    await until("an unready node", async () =>
      (await fetch(`${node.adminUrl}/readyz`)).status === 503 ? true : undefined,
    );
    socket.write("still here");
    await until("the echo", () => (text().endsWith("echo still here") ? true : undefined));
    if (drained) socket.end();
    expect(await stopped).toBe(drained);
    await until("the end", () => (ended() === "open" ? undefined : true));
    const ends = node.logLines().filter((line) => line.includes('"ending"'));
    expect(ends).toEqual([
      expect.stringContaining(drained ? '"ending":"finish"' : '"ending":"cut","cause":"NODE_STOPPED"'),
    ]);
    socket.destroy();
    await upstream.stop();
  });
});

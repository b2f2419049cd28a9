import type { ClientHttp2Session } from "node:http2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectExtProc, requestBody, requestHeaders } from "../../support/ext-proc-client.ts";
import { h2Ask, h2Connect } from "../../support/h2.ts";
import { openSockets, startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect, type RawConnection } from "../../support/raw.ts";
import { createTurnClock, type TurnClock } from "../../support/clocks/turn-clock.ts";

const chat = "/v1/chat/completions";
const request = postText(chat, chatBody());
const maxLagMs = 50;

let clock: TurnClock;
let node: Node;
let connections: RawConnection[];
let session: ClientHttp2Session | undefined;

async function start(more: object = {}): Promise<void> {
  node = await startNode({ limits: { overload: "refuse", maxLagMs }, extProc: {}, listen: more }, { clock });
}

/** A client, and its responses so far. */
async function connected(): Promise<{ ask(): void; statuses(): string[]; gone(): void }> {
  const connection = await rawConnect(node.port);
  connections.push(connection);
  return {
    ask: () => void connection.socket.write(request),
    statuses: () => [...connection.text().matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status = ""]) => status),
    gone: () => void connection.socket.destroy(),
  };
}

type Client = Awaited<ReturnType<typeof connected>>;

const have = (client: Client, ...statuses: string[]): Promise<true> =>
  until(`the responses ${statuses.join()}`, () => client.statuses().join() === statuses.join() || undefined);

/** Three long turns, and then one that has lasted too long already. */
function overloadNode(): void {
  for (let turns = 0; turns < 3; turns += 1) {
    clock.pass(2 * maxLagMs);
    clock.endTurn();
  }
  clock.pass(2 * maxLagMs);
}

/** A client that was refused, and whose connection is held. */
async function refused(): Promise<Client> {
  const client = await connected();
  client.ask();
  await have(client, "200");
  overloadNode();
  client.ask();
  await have(client, "200", "503");
  return client;
}

function shortTurn(): void {
  clock.pass(10);
  clock.endTurn();
}

/** Stops the node while its time goes on. */
async function stopped(): Promise<boolean> {
  let ended: boolean | undefined;
  void node.stop().then((inTime) => (ended = inTime));
  return await until("the end", () => {
    shortTurn();
    return ended;
  });
}

beforeEach(() => {
  clock = createTurnClock();
  connections = [];
});
afterEach(async () => {
  for (const { socket } of connections) socket.destroy();
  session?.destroy();
  await stopped();
});

describe("a connection whose request was refused in an overloaded node", () => {
  test("is not read while others are served, and is when there is time", async () => {
    await start();
    const held = await refused();
    held.ask();
    clock.endTurn();
    const served = await connected();
    for (let responses = 1; responses <= 5; responses += 1) {
      served.ask();
      await have(served, ...Array<string>(responses).fill("200"));
    }
    expect(held.statuses()).toEqual(["200", "503"]);
    shortTurn();
    await have(held, "200", "503", "200");
  });

  test("is counted until it is read again", async () => {
    await start();
    const count = () => node.metric("stuntdouble_held_connections");
    expect(await count()).toBe(0);
    await refused();
    expect(await count()).toBe(1);
    clock.endTurn();
    shortTurn();
    expect(await count()).toBe(0);
  });

  test("gets the response to what it has sent when the node shuts down", async () => {
    await start();
    const held = await refused();
    held.ask();
    const ended = stopped();
    await have(held, "200", "503", "200");
    expect(await ended).toBe(true);
  });

  test("ends by the keep-alive timeout when its client has left unseen", async () => {
    const before = openSockets();
    await start({ keepAliveMs: 200 });
    const listening = openSockets();
    expect(listening).toBeGreaterThanOrEqual(before);
    const held = await refused();
    held.gone();
    await until("a closed connection", () => openSockets() <= listening || undefined);
  });
});

describe("an overloaded node", () => {
  test("refuses a stream of HTTP/2, and serves the next on the same connection in time", async () => {
    await start();
    session = await h2Connect(node.url);
    const ask = () => h2Ask(session!, { ":path": chat }, chatBody());
    expect((await ask()).status).toBe(200);
    overloadNode();
    expect(await ask()).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    clock.endTurn();
    expect((await ask()).status).toBe(200);
  });

  test("refuses the calls of Envoy's ext_proc filter before it has their body", async () => {
    await start();
    const client = connectExtProc(node.app.extProcPort!);
    const first = client.process();
    first.send(requestHeaders());
    first.send(requestBody(chatBody(), true));
    await first.next();
    overloadNode();
    const call = client.process();
    call.send(requestHeaders());
    expect(await call.next()).toMatchObject({ immediate_response: { status: { code: 503 } } });
    client.close();
  });
});

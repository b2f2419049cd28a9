import { expect, test } from "vitest";
import type { Connection } from "../../../src/fleet/redis/connection.ts";
import { createLink, type Link } from "../../../src/fleet/redis/link.ts";
import { RedisError, type RedisErrorReason } from "../../../src/fleet/redis/reasons.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";

type Fake = {
  readonly link: Link;
  readonly clock: FakeClock;
  /** What was sent on each connection. */
  readonly connections: { sent: string[][]; closed: boolean; lost: (error: unknown) => void }[];
  readonly told: string[];
  /** What the server does with commands from now on. */
  serve(reply: (args: readonly string[]) => Promise<unknown>): void;
};

const silent = (): Promise<unknown> => new Promise(() => undefined);
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function settled(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await turn();
}

async function setUp(timeoutMs = 50): Promise<Fake> {
  const clock = createFakeClock();
  const connections: Fake["connections"] = [];
  const told: string[] = [];
  let reply: (args: readonly string[]) => Promise<unknown> = async () => "OK";
  const link = createLink({
    clock,
    timeoutMs,
    connect: async (lost) => {
      const connection = { sent: [] as string[][], closed: false, lost };
      connections.push(connection);
      const made: Connection = {
        send: (args) => (connection.sent.push([...args]), reply(args)),
        subscribe: async () => undefined,
        close: () => void (connection.closed = true),
      };
      return made;
    },
    prepare: async () => undefined,
    failed: (reason: RedisErrorReason) => void told.push(`failed ${reason}`),
    up: () => void told.push("up"),
    down: ({ reason }: RedisError) => void told.push(`down ${reason}`),
  });
  await link.tried();
  return { link, clock, connections, told, serve: (next) => void (reply = next) };
}

const reasonOf = (sent: Promise<unknown>): Promise<unknown> =>
  sent.then(
    () => "replied",
    (error: unknown) => (error instanceof RedisError ? error.reason : error),
  );

test("a command that gets no reply fails at the timeout, with all that wait, and the connection is closed", async () => {
  const { link, clock, connections, told, serve } = await setUp();
  serve(silent);
  const waiting = [reasonOf(link.send(["GET", "a"])), reasonOf(link.send(["GET", "b"]))];
  clock.advance(49);
  await settled();
  expect(link.isUp()).toBe(true);
  clock.advance(1);
  expect(await Promise.all(waiting)).toEqual(["timeout", "timeout"]);
  expect(link.isUp()).toBe(false);
  expect(connections[0]?.closed).toBe(true);
  expect(told).toEqual(["up", "failed timeout", "down timeout"]);
});

test("while it is down, commands fail at once and nothing is sent", async () => {
  const { link, clock, connections, serve } = await setUp();
  serve(silent);
  const first = reasonOf(link.send(["GET", "a"]));
  clock.advance(50);
  await first;
  const pending = clock.pending();
  expect(await reasonOf(link.send(["GET", "b"]))).toBe("closed");
  expect(clock.pending()).toBe(pending);
  expect(connections.flatMap(({ sent }) => sent).filter(([name]) => name === "GET")).toHaveLength(1);
});

test("it is up again only when a new connection has replied", async () => {
  const { link, clock, connections, told, serve } = await setUp();
  serve(silent);
  const first = reasonOf(link.send(["GET", "a"]));
  clock.advance(50);
  await first;
  clock.advance(100);
  await settled();
  expect([connections.length, link.isUp()]).toEqual([2, false]);
  clock.advance(50);
  await settled();
  expect(link.isUp()).toBe(false);
  serve(async () => "PONG");
  clock.advance(200);
  await settled();
  expect(link.isUp()).toBe(true);
  expect(told.filter((each) => !each.startsWith("failed"))).toEqual(["up", "down timeout", "up"]);
});

test("an error reply to one command does not end the connection, one that says that Redis is full does", async () => {
  const { link, serve } = await setUp();
  serve(() => Promise.reject(new Error("WRONGTYPE Operation against a key holding the wrong kind of value")));
  expect(await reasonOf(link.send(["GET", "a"]))).toBe("other");
  expect(link.isUp()).toBe(true);
  serve(() => Promise.reject(new Error("OOM command not allowed when used memory > 'maxmemory'.")));
  expect(await reasonOf(link.send(["SET", "a", "b"]))).toBe("full");
  expect(link.isUp()).toBe(false);
});

test("a connection that breaks by itself fails what waits on it", async () => {
  const { link, connections, serve } = await setUp();
  serve(silent);
  const waiting = reasonOf(link.send(["GET", "a"]));
  connections[0]?.lost(new Error("Socket closed unexpectedly"));
  expect(await waiting).toBe("closed");
  expect(link.isUp()).toBe(false);
});

test("a link that is closed tries no more", async () => {
  const { link, clock, connections } = await setUp();
  link.close();
  clock.advance(60_000);
  await settled();
  expect(connections).toHaveLength(1);
  expect(clock.pending()).toBe(0);
});

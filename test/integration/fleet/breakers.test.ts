import { afterEach, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { redisServer, startRedis } from "../../support/programs/redis.ts";
import { chatResponse, json, startUpstream } from "../../support/upstream.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

const decisionOf = async ({ url }: Node): Promise<string | null> => {
  const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
  const init = { method: "POST", headers: { "content-type": "application/json" }, body };
  const response = await fetch(`${url}/v1/chat/completions`, init);
  await response.arrayBuffer();
  return response.headers.get("x-stuntdouble-decision");
};
const stateOf = async (node: Node): Promise<string | undefined> =>
  (await node.admin<{ breakers: Record<string, string> }>("/admin/v1/status")).breakers["openai"];
const comesTo = (node: Node, state: string): Promise<true> =>
  until(`the breaker to be ${state}`, async () => ((await stateOf(node)) === state ? true : undefined));

describeWith("redis-server", redisServer, "breakers over nodes", (program) => {
  /** Two nodes before one upstream, whose port is kept when it is gone. */
  async function start(breaker: Readonly<Record<string, unknown>>) {
    const redis = await startRedis(program, []);
    const upstream = await startUpstream(json(chatResponse("Hello")));
    stops.push(redis.stop);
    const config = {
      shared: { redis: { url: redis.url, timeoutMs: 500 } },
      upstreams: {
        openai: { url: upstream.url, breaker: { consecutiveFailures: 2, whenOpen: "simulate", ...breaker } },
      },
      default: { serve: "forward" },
    };
    const nodes = await Promise.all([startNode(config), startNode(config)]);
    for (const node of nodes) stops.push(() => node.stop());
    const [a, b] = nodes;
    if (a === undefined || b === undefined) throw new Error("two nodes are wanted");
    return { a, b, upstream, port: Number(new URL(upstream.url).port) };
  }

  test("one that opens on one node opens on the other, which has not asked the upstream", async () => {
    const { a, b, upstream } = await start({ shared: true, resetMs: 600_000 });
    await upstream.stop();
    await decisionOf(a);
    await decisionOf(a);
    await comesTo(b, "open");
    expect(await decisionOf(b)).toBe("stand-in");
    expect(await b.metric('stuntdouble_errors_total{upstream="openai",cause="UPSTREAM_CONNECT"}')).toBe(0);
  });

  test("one that closes after its test closes on the other as well", async () => {
    const { a, b, upstream, port } = await start({ shared: true, resetMs: 2000 });
    await upstream.stop();
    await decisionOf(a);
    await decisionOf(a);
    // It may be half-open again before anybody looks.
    await until("the other to follow", async () => ((await stateOf(b)) === "closed" ? undefined : true));
    const again = await startUpstream(json(chatResponse("Hello")), { port });
    stops.push(() => again.stop());
    await until("the test of one node", async () => ((await decisionOf(a)) === "forward" ? true : undefined));
    await comesTo(b, "closed");
  });

  test("without shared: true each node finds out by itself", async () => {
    const { a, b, upstream } = await start({ resetMs: 600_000 });
    await upstream.stop();
    await decisionOf(a);
    await decisionOf(a);
    await comesTo(a, "open");
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(await stateOf(b)).toBe("closed");
  });
});

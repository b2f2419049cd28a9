import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { fleetOf, type FleetNode } from "../../support/nodes/fleet.ts";
import { until } from "../../support/node.ts";
import { killRuns } from "../../support/process.ts";
import { freePort, startGateway, type Gateway } from "../../support/programs/gateway.ts";
import { findEnvoyProgram, findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startLoad, type Load } from "../../support/programs/rolling.ts";
import { envoyConfig, haproxyConfig, type TwoNodes } from "../../support/programs/two-nodes.ts";
import { chatBody } from "../../support/raw.ts";

const simulate = { default: { serve: "simulate", profile: "instant" } };
/** Half of the calls fail, a tenth goes to another rule. */
const drawn = {
  seed: 7,
  ...simulate,
  rules: [
    { name: "a-tenth", match: { percentage: 10 }, serve: "simulate", profile: "instant" },
    {
      name: "rest",
      serve: "simulate",
      profile: "instant",
      faults: [{ kind: "status", percentage: 50, status: 503 }],
    },
  ],
};

let gateway: Gateway | undefined;
let load: Load | undefined;
afterEach(async () => {
  await load?.stop();
  await gateway?.stop();
  killRuns();
});

/** What a node, or a gateway, makes of one request, but for the times. */
async function outcome(url: string, id: string): Promise<string> {
  const headers = { "content-type": "application/json", "x-request-id": id, connection: "close" };
  const response = await fetch(`${url}/v1/chat/completions`, { method: "POST", headers, body: chatBody({}) });
  const text = (await response.text()).replaceAll(/"created":\d+/g, "");
  const told = ["decision", "rule", "seed", "fault"].map((name) => response.headers.get(`x-stuntdouble-${name}`));
  return JSON.stringify([response.status, told, text]);
}

const ids = Array.from({ length: 30 }, (_, index) => `call-${index}`);

test("four nodes and one give the same decision to the same request", { timeout: 600_000 }, async () => {
  const nodes = await fleetOf(4, drawn);
  await Promise.all(nodes.map((node) => node.start()));
  const all: string[][] = [];
  for (const { host, port } of nodes)
    all.push(await Promise.all(ids.map((id) => outcome(`http://${host}:${port}`, id))));
  const [first = []] = all;
  for (const each of all) expect(each).toEqual(first);
  expect(new Set(first.map((text) => text.slice(0, 4))).size).toBeGreaterThan(1);
});

type Setup = { config(two: TwoNodes): string; args(file: string): readonly string[] };
const gateways: [string, string | undefined, Setup][] = [
  [
    "HAProxy",
    findProgram("haproxy", "STUNTDOUBLE_HAPROXY"),
    { config: haproxyConfig, args: (file) => ["-db", "-f", file] },
  ],
  [
    "Envoy",
    findEnvoyProgram(),
    {
      config: envoyConfig,
      args: (file) => ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"],
    },
  ],
];

/** Starts a gateway in front of nodes; gives its port. */
async function inFront(program: string, { config, args }: Setup, nodes: readonly FleetNode[]): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const file = path.join(folder, "gateway.conf.yaml");
  const listen = await freePort();
  await writeFile(file, config({ listen, nodes }));
  gateway = await startGateway([program, ...args(file)], { port: listen, cwd: folder, env: {} });
  await until("a first response", async () => {
    const response = await fetch(`http://127.0.0.1:${listen}/v1/models`, { headers: { connection: "close" } });
    await response.text();
    return response.ok ? true : undefined;
  });
  return listen;
}

type Stream = { readonly node: string; readonly whole: Promise<boolean> };

/** Opens a stream of some seconds; comes back when its head has. */
async function openStream(port: number): Promise<Stream> {
  const headers = { "content-type": "application/json", "x-stuntdouble": "ttft=0, itl=100, tokens=80" };
  const body = chatBody({ stream: true });
  const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, { method: "POST", headers, body });
  const whole = response.text().then(
    (text) => text.endsWith("data: [DONE]\n\n"),
    () => false,
  );
  return { node: response.headers.get("x-node") ?? "", whole };
}

for (const [name, found, setup] of gateways) {
  describeWith(name, found, `several nodes behind ${name}`, (program) => {
    test(
      "a node that is killed under load costs its own calls in flight, and no other",
      { timeout: 600_000 },
      async () => {
        const nodes = await fleetOf(3, simulate);
        await Promise.all(nodes.map((node) => node.start()));
        const port = await inFront(program, setup, nodes);
        await until("calls at each node", async () => await reachesAll(port, nodes));
        const callers = 8;
        const running = (load = startLoad(port, callers));
        const streams = await Promise.all(Array.from({ length: 24 }, () => openStream(port)));
        const victim = nodes[1];
        await victim?.kill();
        const broken = await Promise.all(streams.map(async ({ node, whole }) => ((await whole) ? [] : [node])));
        await running.stop();
        const own = streams.filter(({ node }) => node.startsWith(victim?.host ?? "none"));
        expect(own.length).toBeGreaterThan(0);
        expect(broken.flat()).toEqual(own.map(({ node }) => node));
        expect(running.lost().length).toBeLessThanOrEqual(callers);
        expect(running.sent()).toBeGreaterThan(100);
      },
    );

    test("scale-out, a reload, a rolling restart and scale-in lose no call", { timeout: 900_000 }, async () => {
      const nodes = await fleetOf(3, simulate);
      const [first, second, third] = nodes;
      await Promise.all([first?.start(), second?.start()]);
      const port = await inFront(program, setup, nodes);
      const running = (load = startLoad(port, 8));
      await third?.start();
      await until("calls at each node", async () => await reachesAll(port, nodes), 120_000);
      for (const node of nodes) await node.reload({ ...simulate, seed: 2 });
      for (const node of [first, second]) {
        await node?.stop();
        await node?.start();
      }
      await until("calls at each node again", async () => await reachesAll(port, nodes), 120_000);
      await third?.stop();
      const before = running.sent();
      await until("more calls", async () => (running.sent() > before + 100 ? true : undefined), 60_000);
      await running.stop();
      expect(running.lost()).toEqual([]);
    });
  });
}

/** Whether calls one after the other come to every node. */
async function reachesAll(port: number, nodes: readonly FleetNode[]): Promise<true | undefined> {
  const seen = new Set<string>();
  for (let call = 0; call < 4 * nodes.length; call += 1) {
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`, { headers: { connection: "close" } });
    await response.text();
    seen.add(response.headers.get("x-node") ?? "");
  }
  return nodes.every(({ host }) => [...seen].some((node) => node.startsWith(host))) ? true : undefined;
}

import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { startBehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { pythonWith } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatEvents, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

/** An official client. `ask` gives the status it saw: 200 for a whole response. */
type Client = { ask(): Promise<number>; stop(): void };

/** A node that forwards, the provider behind it, and two clients in front of it. */
type World = {
  readonly node: Node;
  readonly provider: ScriptedUpstream;
  readonly clients: readonly Client[];
  stop(): Promise<void>;
};

function nodeClient(url: string): Client {
  const client = new OpenAI({
    apiKey: "sk-none",
    baseURL: `${url}/v1`,
    maxRetries: 0,
    defaultHeaders: { "x-env": "staging" },
  });
  return {
    async ask() {
      try {
        const messages = [{ role: "user" as const, content: "Say hello" }];
        const stream = await client.chat.completions.create({ model: "gpt-4o", messages, stream: true });
        let text = "";
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
        return text === "Hello" ? 200 : 0;
      } catch (error) {
        return error instanceof APIError ? (error.status ?? 0) : 0;
      }
    },
    stop: () => undefined,
  };
}

function pythonClient(python: string, url: string): Client {
  const env = { ...process.env, OPENAI_BASE_URL: `${url}/v1` };
  const child = spawn(python, [path.join(import.meta.dirname, "chaos_client.py")], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async ask() {
      child.stdin.write("ask\n");
      return Number((await lines.next()).value);
    },
    stop: () => void child.stdin.end(),
  };
}

const healthy = sse(chatEvents(["Hel", "lo"]));

async function worldOf(
  python: string,
  start: (provider: ScriptedUpstream) => Promise<Omit<World, "provider" | "clients"> & { url: string }>,
) {
  const provider = await startUpstream(healthy);
  const { node, url, stop } = await start(provider);
  const clients = [nodeClient(url), pythonClient(python, url)];
  return {
    node,
    provider,
    clients,
    async stop() {
      for (const client of clients) client.stop();
      await stop();
      await provider.stop();
    },
  };
}

const scope = { match: { header: { "x-env": "staging" } }, percentage: 100 };
const expectations = [{ metric: "errorRate", atMost: 1, minCalls: 1 }];

function describeWorld(title: string, start: () => Promise<World>): void {
  describe(title, () => {
    let world: World;
    beforeAll(async () => {
      world = await start();
      // The first call waits until Python has loaded its client.
      await Promise.all(world.clients.map((client) => client.ask()));
    }, 60_000);
    afterAll(() => world.stop());

    const admin = async (method: string, resource: string, body?: object) => {
      const sent =
        body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      return await (await fetch(`${world.node.adminUrl}/admin/v1/experiments${resource}`, { method, ...sent })).text();
    };
    const begin = async (experiment: object): Promise<string> =>
      (JSON.parse(await admin("POST", "", experiment)) as { id: string }).id;
    const report = async (id: string, format: string): Promise<string> =>
      await admin("GET", `/${id}/report?format=${format}`);
    type Found = { state: string; [member: string]: unknown };
    const found = async (id: string): Promise<Found> => JSON.parse(await report(id, "json")) as Found;
    const askAll = () => Promise.all(world.clients.map((client) => client.ask()));

    /** Both clients ask until the run has come to a state. @returns what each saw, without repetitions in a row */
    async function askUntil(id: string, state: string): Promise<number[][]> {
      const seen: number[][] = world.clients.map(() => []);
      for (let tries = 0; tries < 2000; tries += 1) {
        for (const [index, status] of (await askAll()).entries())
          if (seen[index]!.at(-1) !== status) seen[index]!.push(status);
        if ((await found(id)).state === state) return seen;
      }
      throw new Error(`never ${state}`);
    }

    test("an experiment runs its stages, and its report tells what both clients saw", async () => {
      const stages = [
        { name: "storm", durationMs: 2000, faults: [{ kind: "status", status: 529 }] },
        { name: "recovery", durationMs: 2500 },
      ];
      const id = await begin({
        ...scope,
        name: "storm",
        baselineMs: 2000,
        durationMs: 4500,
        stages,
        expect: expectations,
      });
      expect(await askUntil(id, "completed")).toEqual([
        [200, 529, 200],
        [200, 529, 200],
      ]);
      const { before, during, after, verdict, injected, affected } = await found(id);
      expect({ before, during, after }).toMatchObject({
        before: { errorRate: 0 },
        during: { errorRate: 100, calls: affected },
        after: { errorRate: 0 },
      });
      expect(injected).toEqual([{ kind: "status", stage: "storm", rule: "default", model: "gpt-4o", count: affected }]);
      expect(verdict).toMatchObject({ result: "did not hold" });
      expect(await report(id, "markdown")).toMatch(/^# storm: did not hold\n/);
      expect(await report(id, "junit")).toContain('<failure type="did not hold"');
      expect(await report(id, "html")).toMatch(/The hypothesis did not hold[^]*>2 recovery</);
    });

    test("a guardrail halts an experiment while the provider really fails", async () => {
      world.provider.script(
        (response) => void response.writeHead(500, { "content-type": "application/json" }).end("{}"),
      );
      const guardrails = [{ metric: "errorRate", above: 50, overMs: 5000, minCalls: 5 }];
      const faults = [{ kind: "status", status: 429 }];
      const id = await begin({
        ...scope,
        name: "guarded",
        percentage: 1e-9,
        durationMs: 60_000,
        faults,
        guardrails,
        expect: expectations,
      });
      expect((await askUntil(id, "halted")).flat()).toContain(500);
      world.provider.script(healthy);
      expect(await found(id)).toMatchObject({ affected: 0, broken: { metric: "errorRate", value: 100 } });
      expect(await report(id, "html")).toContain(">halted: errorRate 100, above 50<");
      expect(await report(id, "text")).toContain("errorRate was 100, above 50");
    });

    test("the kill switch ends an experiment for both clients at once", async () => {
      const faults = [{ kind: "status", status: 503 }];
      const id = await begin({
        ...scope,
        name: "outage",
        durationMs: 60_000,
        faults,
        expect: [{ metric: "ttftP95Ms", atMost: 1000 }],
      });
      expect(await askAll()).toEqual([503, 503]);
      await admin("POST", "/stop");
      expect(await askAll()).toEqual([200, 200]);
      expect(await found(id)).toMatchObject({ state: "stopped", verdict: { result: "inconclusive" } });
      expect(await report(id, "junit")).toContain("<skipped");
      await admin("POST", "/resume");
      expect(await askAll()).toEqual([200, 200]);
    });
  });
}

describeWith(
  "Python openai client",
  pythonWith("openai"),
  "the openai clients for Node and Python, while experiments run",
  (python) => {
    describeWorld("by HTTP", () =>
      worldOf(python, async (provider) => {
        const node = await startNode(
          { upstreams: { real: { url: provider.url } }, default: { serve: "forward" } },
          { workers: 2 },
        );
        return { node, url: node.url, stop: async () => void (await node.stop()) };
      }),
    );

    describeWith("envoy", findEnvoy(), "with Envoy", (place) => {
      describeWorld("by ext_proc", () =>
        worldOf(python, async (provider) => {
          const upstreams = { real: { url: provider.url } };
          const config = { upstreams, default: { serve: "forward", upstream: "real" } };
          const behind = await startBehindEnvoy(place, config, { upstreams: { real: provider.port } });
          return { node: behind.node, url: behind.envoy.url, stop: behind.stop };
        }),
      );
    });
  },
);

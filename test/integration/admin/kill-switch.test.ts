import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findEnvoy, startEnvoy, type Envoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody } from "../../support/raw.ts";
import { chatEvents, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

/** The provider gives the events of a stream at once, and is asked to name those that it heard of the end of. */
let provider: ScriptedUpstream;
let node: Node;
const hang = [{ kind: "hang", afterTokens: 1 }];
const delay = [{ kind: "delay", ms: 60_000 }];
beforeAll(async () => {
  provider = await startUpstream((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of chatEvents(["one", "two"])) response.write(event);
    response.end();
  });
  const rule = (name: string, serve: string, faults: object[]) => ({
    name,
    match: { header: { "x-rule": name } },
    serve,
    faults,
  });
  node = await startNode(
    {
      upstreams: { first: { url: provider.url } },
      extProc: {},
      rules: [
        rule("hang-live", "forward", hang),
        { ...rule("hang-planned", "simulate", hang), profile: "instant" },
        rule("delay-live", "forward", delay),
        { ...rule("delay-planned", "simulate", delay), profile: "instant" },
      ],
    },
    { workers: 2 },
  );
}, 60_000);
afterAll(async () => {
  await node.stop();
  await provider.stop();
});

const names = ["hang-live", "hang-planned", "delay-live", "delay-planned"] as const;

type Seen = { readonly name: string; readonly result: string };

/** Calls that wait for their faults, each on a connection of its own, so that both event loops have some. */
function waiting(url: string, count: number): Promise<Seen>[] {
  return Array.from({ length: count }, (_, index) => names[index % names.length] ?? names[0]).map(async (name) => {
    const headers = { "x-rule": name, connection: "close", "content-type": "application/json" };
    try {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers,
        body: chatBody({ stream: true }),
      });
      const text = await response.text();
      return { name, result: text.includes("[DONE]") ? "whole" : "broken" };
    } catch {
      return { name, result: "broken" };
    }
  });
}

/** On how many calls a fault acts. */
async function faulted(): Promise<number> {
  const lines = (await node.metrics()).split("\n").filter((line) => line.startsWith("stuntdouble_faults_active"));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** Turns the kill switch on while so many calls wait. @returns what became of each kind of call, and how many were let go */
async function killed(url: string, count: number): Promise<{ seen: object; calls: number }> {
  const calls = waiting(url, count);
  await until("a fault in each call", async () => ((await faulted()) === count ? true : undefined));
  await fetch(`${node.adminUrl}/admin/v1/experiments/stop`, { method: "POST" });
  const seen: Record<string, string> = {};
  for (const { name, result } of await Promise.all(calls))
    seen[name] = seen[name] === undefined || seen[name] === result ? result : "both";
  await node.idle();
  await fetch(`${node.adminUrl}/admin/v1/experiments/resume`, { method: "POST" });
  const line = node.logLines().findLast((each) => each.includes("calls under way were let go")) ?? "{}";
  return { seen, calls: (JSON.parse(line) as { calls: number }).calls };
}

const letGo = {
  "hang-live": "broken",
  "hang-planned": "broken",
  "delay-live": "whole",
  "delay-planned": "whole",
};

describe("by the proxy", () => {
  test("the kill switch cuts calls that hang and lets go of delayed ones, on every event loop", async () => {
    expect(await killed(node.url, 24)).toEqual({ seen: letGo, calls: 24 });
  });

  test("an experiment that is stopped lets its calls go", async () => {
    const path = `${node.adminUrl}/admin/v1/experiments`;
    const started = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "slow", percentage: 100, durationMs: 60_000, faults: delay }),
    });
    const { id } = (await started.json()) as { id: string };
    const calls = Array.from({ length: 8 }, () =>
      fetch(`${node.url}/v1/chat/completions`, { method: "POST", body: chatBody({ stream: true }) }).then((response) =>
        response.text(),
      ),
    );
    await until("all calls under way", async () => {
      const { inFlight } = await node.admin<{ inFlight: number }>("/admin/v1/status");
      return inFlight === 8 ? true : undefined;
    });
    await fetch(`${path}/${id}`, { method: "DELETE" });
    for (const text of await Promise.all(calls)) expect(text).toContain("[DONE]");
  });
});

describeWith("envoy", findEnvoy(), "by a real Envoy", (place) => {
  let envoy: Envoy;
  beforeAll(async () => {
    const extProcPort = node.app.extProcPort ?? 0;
    envoy = await startEnvoy(place, { extProcPort, upstreams: { first: provider.port }, filter: {} });
  }, 60_000);
  afterAll(() => envoy.stop());

  test("the kill switch cuts calls that hang and lets go of delayed ones", async () => {
    expect(await killed(envoy.url, 8)).toEqual({ seen: letGo, calls: 8 });
  });
});

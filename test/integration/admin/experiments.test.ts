import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import { startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let node: Node;
beforeAll(async () => {
  const rules = [
    {
      name: "limited",
      match: { header: { "x-rule": "yes" } },
      serve: "simulate",
      faults: [{ kind: "status", status: 429 }],
    },
  ];
  node = await startNode({ control: { enabled: true }, rules }, { workers: 2 });
}, 60_000);
afterAll(() => node.stop());

type Reply = { readonly status: number; readonly body: Record<string, unknown> };

async function admin(method: string, path: string, body?: unknown): Promise<Reply> {
  const response = await fetch(`${node.adminUrl}/admin/v1/${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const outage = { name: "outage", percentage: 100, durationMs: 60_000, faults: [{ kind: "status", status: 503 }] };

/** A call on a connection of its own, so that both event loops get some. */
async function call(...headers: string[]): Promise<number> {
  const lines = ["x-stuntdouble: ttft=1, itl=1, tokens=2", "connection: close", ...headers];
  return (await rawRequest(node.port, postText("/v1/chat/completions", chatBody(), lines))).status;
}

const calls = async (count: number, ...headers: string[]): Promise<number[]> =>
  Promise.all(Array.from({ length: count }, () => call(...headers)));

test("an experiment adds its faults on every event loop until it is stopped", async () => {
  const { status, body } = await admin("POST", "experiments", outage);
  expect([status, body["state"]]).toEqual([201, "running"]);
  expect(new Set(await calls(20))).toEqual(new Set([503]));
  const stopped = await admin("DELETE", `experiments/${String(body["id"])}`);
  expect([stopped.status, stopped.body["state"]]).toEqual([200, "stopped"]);
  expect(new Set(await calls(20))).toEqual(new Set([200]));
});

test("calls out of scope are left alone", async () => {
  const { body } = await admin("POST", "experiments", { ...outage, match: { header: { "x-env": "staging" } } });
  expect([...(await calls(4)), ...(await calls(4, "x-env: staging"))]).toEqual([
    200, 200, 200, 200, 503, 503, 503, 503,
  ]);
  await admin("DELETE", `experiments/${String(body["id"])}`);
});

test("no more calls are affected than its limits say, over all event loops", async () => {
  const { body } = await admin("POST", "experiments", { ...outage, limits: { maxCalls: 7 } });
  const statuses = await calls(40);
  expect(statuses.filter((status) => status === 503)).toHaveLength(7);
  await admin("DELETE", `experiments/${String(body["id"])}`);
});

test("the kill switch stops experiments and the faults of rules, and resume lets only those of rules act again", async () => {
  await admin("POST", "experiments", outage);
  expect(new Set(await calls(6, "x-rule: yes"))).toEqual(new Set([429]));
  const { body } = await admin("POST", "experiments/stop");
  expect(body["stopped"]).toMatchObject([{ name: "outage", state: "stopped" }]);
  expect(new Set(await calls(12, "x-rule: yes"))).toEqual(new Set([200]));
  expect((await admin("POST", "experiments", outage)).status).toBe(409);
  await admin("POST", "experiments/resume");
  expect(new Set(await calls(6, "x-rule: yes"))).toEqual(new Set([429]));
  expect(new Set(await calls(6))).toEqual(new Set([200]));
});

test("who did what is in the audit log, the newest first", async () => {
  const { body } = await admin("POST", "experiments", { ...outage, name: "audited" });
  await admin("DELETE", `experiments/${String(body["id"])}`);
  const { entries } = (await admin("GET", "audit")).body as { entries: object[] };
  expect(entries.slice(0, 2)).toMatchObject([
    { what: "stopped", experiment: "audited", by: expect.stringMatching(/127\.0\.0\.1|::1/) },
    { what: "started", experiment: "audited", id: body["id"] },
  ]);
});

test("an experiment with errors is refused with all of them, and nothing starts", async () => {
  const bad = {
    name: "bad",
    faults: [{ kind: "sttus", status: 503 }],
    match: { model: "x", modle: "y" },
    stages: [{ name: "a" }],
  };
  const { status, body } = await admin("POST", "experiments", bad);
  expect(status).toBe(400);
  expect((body["errors"] as { path: string }[]).map(({ path }) => path).toSorted()).toEqual(
    [
      "durationMs",
      "faults",
      "faults[0].kind",
      "match.modle",
      "percentage",
      "stages",
      "stages[0].durationMs",
    ].toSorted(),
  );
  const { experiments } = (await admin("GET", "experiments")).body as { experiments: { name: string }[] };
  expect(experiments.map(({ name }) => name)).not.toContain("bad");
});

describe("a report", () => {
  const reportOf = async (query: string, accept?: string): Promise<string> => {
    const { body } = await admin("POST", "experiments", outage);
    const url = `${node.adminUrl}/admin/v1/experiments/${String(body["id"])}/report${query}`;
    const response = await fetch(url, accept === undefined ? {} : { headers: { accept } });
    await admin("DELETE", `experiments/${String(body["id"])}`);
    return `${response.status} ${response.headers.get("content-type")} ${(await response.text()).slice(0, 9)}`;
  };

  test.each([
    ["", undefined, '200 application/json; charset=utf-8 {"id":"'],
    ["?format=html", undefined, "200 text/html; charset=utf-8 <!doctype"],
    ["?format=junit", "text/html", "200 application/xml; charset=utf-8 <?xml ver"],
    ["", "text/html,application/xml;q=0.9,*/*;q=0.8", "200 text/html; charset=utf-8 <!doctype"],
    ["", "text/markdown", "200 text/markdown; charset=utf-8 # outage:"],
    ["", "text/plain", "200 text/plain; charset=utf-8 outage: i"],
    ["", "image/png", "406 application/problem+json; charset=utf-8"],
    ["?format=pdf", undefined, "400 application/problem+json; charset=utf-8"],
  ])("asked for with %j and Accept %s is %s", async (query, accept, beginning) => {
    expect(await reportOf(query, accept)).toContain(beginning);
  });

  test("of an id that no experiment has is not found", async () => {
    expect((await admin("GET", "experiments/nobody/report")).status).toBe(404);
  });
});

describe("in front of a provider", () => {
  let provider: ScriptedUpstream;
  let forwarding: Node;
  let failing = false;
  beforeAll(async () => {
    provider = await startUpstream((response) => {
      response.writeHead(failing ? 500 : 200, { "content-type": "application/json" }).end("{}");
    });
    forwarding = await startNode({ upstreams: { real: { url: provider.url } }, default: { serve: "forward" } });
  }, 60_000);
  afterAll(async () => {
    await forwarding.stop();
    await provider.stop();
  });

  const post = async (body: object) =>
    (await (
      await fetch(`${forwarding.adminUrl}/admin/v1/experiments`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      })
    ).json()) as { id: string };
  const report = async (id: string) =>
    (await (await fetch(`${forwarding.adminUrl}/admin/v1/experiments/${id}`)).json()) as Record<string, unknown>;
  const ask = () =>
    fetch(`${forwarding.url}/v1/chat/completions`, { method: "POST", body: chatBody() }).then((response) =>
      response.text(),
    );

  const guarded = {
    ...outage,
    percentage: 1e-9,
    guardrails: [{ metric: "errorRate", above: 50, overMs: 5000, minCalls: 5 }],
  };

  async function until(id: string, state: string): Promise<Record<string, unknown>> {
    for (let tries = 0; tries < 300; tries += 1) {
      await ask();
      const found = await report(id);
      if (found["state"] === state) return found;
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
    throw new Error(`never ${state}`);
  }

  test("a guardrail halts an experiment while the provider really fails", async () => {
    failing = true;
    const { id } = await post(guarded);
    expect(await until(id, "halted")).toMatchObject({
      broken: { metric: "errorRate", above: 50, value: 100 },
      verdict: { result: "inconclusive" },
    });
  });

  test("with a guardrail broken in its baseline it does not start", async () => {
    failing = true;
    const { id } = await post({ ...guarded, baselineMs: 60_000 });
    expect(await until(id, "refused")).toMatchObject({ affected: 0, broken: { metric: "errorRate" } });
  });

  test("it completes at its end, and its report says whether the hypothesis held", async () => {
    failing = false;
    const { id } = await post({
      ...outage,
      durationMs: 2000,
      expect: [{ metric: "errorRate", atMost: 1, minCalls: 1 }],
    });
    const { verdict, affected, faults } = await until(id, "completed");
    expect(verdict).toMatchObject({ result: "did not hold" });
    expect(faults).toEqual({ status: affected });
  });
});

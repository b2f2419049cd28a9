import { expect, test } from "vitest";
import type { NodeView } from "../../../../src/admin/resource.ts";
import { ProblemError } from "../../../../src/admin/problem.ts";
import { createAdmin } from "../../../../src/admin/server.ts";
import { createTestNode } from "../node-view.ts";

const browser = { accept: "text/html" };

/** What a form of a page does, and what it asked the node for. */
async function send(action: string, fields: Readonly<Record<string, string>>, changes: Partial<NodeView> = {}) {
  const started: unknown[] = [];
  const forced: unknown[] = [];
  const node = createTestNode([{}]);
  const experiments: NodeView["experiments"] = {
    ...node.experiments,
    start: async (raw) => {
      started.push(raw);
      throw new ProblemError(409, "Not in this test.");
    },
  };
  const breakers: NodeView["breakers"] = {
    ...node.breakers,
    force: async (upstream, wanted, { by }) => {
      forced.push([upstream, wanted]);
      return { upstream, state: wanted.state, sinceMs: 0, untilMs: wanted.forMs, by };
    },
  };
  const admin = createAdmin(createTestNode([{}], { experiments, breakers, ...changes }), {
    tokenSha256: () => undefined,
    failed: () => undefined,
  });
  const page = await admin.inject({ url: "/dashboard/chaos", headers: browser });
  const cookie = String(page.headers["set-cookie"]).split(";")[0] ?? "";
  const csrf = /name="csrf" value="([^"]+)"/.exec(page.body)?.[1] ?? "";
  const response = await admin.inject({
    method: "POST",
    url: `/dashboard/do/${action}`,
    headers: { "content-type": "application/x-www-form-urlencoded", cookie },
    payload: new URLSearchParams({ csrf, ...fields }).toString(),
  });
  return { response, started, forced };
}

const empty = { model: "", header: "", value: "", key: "" };

test("a preset is started as it is where its form says nothing else", async () => {
  const { started } = await send("start", { preset: "region-down", ...empty, percentage: "100", minutes: "5" });
  expect(started).toMatchObject([{ name: "region-down", match: {}, percentage: 100, durationMs: 300_000 }]);
});

test("the form of a preset says scope and end; its stages keep their proportions", async () => {
  const scope = { model: "gpt-4*", header: "x-env", value: "", key: "team-a" };
  const { started } = await send("start", { preset: "quota-exhausted", ...scope, percentage: "0.5", minutes: "1.5" });
  expect(started).toMatchObject([
    {
      match: { model: "gpt-4*", key: "team-a", header: { "x-env": "*" } },
      percentage: 0.5,
      durationMs: 90_000,
      stages: [{ durationMs: 60_000 }, { durationMs: 30_000 }],
    },
  ]);
});

test("an experiment is written in YAML or in JSON", async () => {
  for (const experiment of ["name: a\npercentage: 5", '{ "name": "a", "percentage": 5 }'])
    expect((await send("start", { experiment })).started).toEqual([{ name: "a", percentage: 5 }]);
});

test.each([
  [{ preset: "nothing", ...empty }, "There is no such preset."],
  [{ preset: "region-down", ...empty, value: "staging" }, "without the name of its header"],
  [{ experiment: "a: [" }, "It cannot be read. experiment:1:"],
  [{ experiment: "just words" }, "must hold an object"],
])("%j is refused with the reason, and nothing is started", async (fields, reason) => {
  const { response, started } = await send("start", fields);
  expect([response.statusCode, started]).toEqual([200, []]);
  expect(response.body).toContain(reason);
});

test("what was typed is on the page that refuses it, as text", async () => {
  const experiment = 'name: "</textarea><script>alert(1)</script>"';
  const { response } = await send("start", { experiment });
  expect(response.body).toContain("&lt;/textarea>&lt;script>");
  expect(response.body).not.toContain("<script>alert");
});

test("a breaker is forced for so many minutes", async () => {
  const { response, forced } = await send("force-breaker", { upstream: "openai", state: "open", minutes: "15" });
  expect([response.statusCode, response.headers.location]).toEqual([303, "/dashboard/upstreams"]);
  expect(forced).toEqual([["openai", { state: "open", forMs: 900_000 }]]);
});

test("a breaker is not forced for ever", async () => {
  const { response, forced } = await send("force-breaker", { upstream: "openai", state: "open", minutes: "1e9" });
  expect([response.body.includes("forMs: "), forced]).toEqual([true, []]);
});

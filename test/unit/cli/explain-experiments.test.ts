import { expect, test } from "vitest";
import { runIn } from "../../support/io.ts";

const config = `
rules: [{ name: all, serve: simulate }]
experiments:
  - name: brownout
    match: { header: { x-env: staging }, model: "gpt-4*" }
    percentage: 20
    durationMs: 20000
    stages:
      - { name: slow, durationMs: 10000, rampMs: 5000, faults: [{ kind: delay, ms: 100 }, { kind: cut, percentage: 50 }] }
      - { name: gone, durationMs: 10000, serve: simulate, profile: instant }
`;

async function explained(headers: object) {
  const body = { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] };
  const request = { method: "POST", path: "/v1/chat/completions", headers, body };
  const files = { "s.yaml": config, "r.json": JSON.stringify(request) };
  const { out } = await runIn(files, ["explain", "--config", "s.yaml", "--request", "r.json"]);
  return out;
}

test("an experiment in whose scope a request is tells what each of its stages would do, and why", async () => {
  const out = await explained({ "x-env": "staging", "x-request-id": "r-1" });
  expect(out.slice(out.indexOf("experiment "))).toMatchInlineSnapshot(`
    "experiment brownout: in scope
      pass        model: "gpt-4o" (wanted "gpt-4*")
      pass        header x-env: "staging" (wanted "staging")
      stage slow does not affect this call: 0.809771 (wanted a draw below 0.2)
        fault delay does not act, 20 % of the calls in scope
        fault cut does not act, 10 % of the calls in scope
      stage gone does not affect this call: 0.809771 (wanted a draw below 0.2)
        serve simulate instant, 20 % of the calls in scope
    "
  `);
});

test("one in whose scope it is not tells which condition failed", async () => {
  const out = await explained({ "x-env": "production" });
  expect(out).toContain("experiment brownout: not in scope");
  expect(out).toContain(`fail        header x-env: "production" (wanted "staging")`);
  expect(out).not.toContain("stage slow");
});

test("where several faults respond by themselves it is said which one wins", async () => {
  const body = { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] };
  const one = (name: string, status: number) =>
    `  - { name: ${name}, percentage: 100, durationMs: 5000, faults: [{ kind: status, status: ${status} }] }\n`;
  const delay = "  - { name: slow, percentage: 100, durationMs: 5000, faults: [{ kind: delay, ms: 5 }] }\n";
  const explainedWith = async (rule: string, experiments: string) => {
    const files = { "s.yaml": `rules: [${rule}]\nexperiments:\n${experiments}`, "r.json": JSON.stringify(body) };
    return (await runIn(files, ["explain", "--config", "s.yaml", "--request", "r.json"])).out;
  };
  const simulating = "{ name: all, serve: simulate }";
  expect(await explainedWith(simulating, delay + one("busy", 429) + one("down", 503))).toContain(
    "The first one that acts wins: experiment busy, then experiment down.",
  );
  const limited = "{ name: limited, serve: simulate, faults: [{ kind: status, status: 429 }] }";
  expect(await explainedWith(limited, one("down", 503))).toContain("wins: rule limited, then experiment down.");
  expect(await explainedWith(simulating, delay + one("down", 503))).not.toContain("wins");
});

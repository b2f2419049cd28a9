import { afterEach, expect, test } from "vitest";
import { fleetOf } from "../../support/nodes/fleet.ts";
import { killRuns } from "../../support/process.ts";
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

afterEach(killRuns);

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

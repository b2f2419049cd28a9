import { afterEach, expect, test } from "vitest";
import { runAt } from "../../support/io.ts";
import { startNode, type Node } from "../../support/node.ts";

let node: Node;
afterEach(() => node.stop());

test("status tells version, configuration, permits, breakers and chaos", async () => {
  node = await startNode({
    permits: { max: 10 },
    upstreams: { openai: { url: "http://127.0.0.1:1", breaker: {} } },
    experiments: [{ name: "brownout", percentage: 1, durationMs: 600_000, faults: [{ kind: "delay", ms: 1 }] }],
    chaos: { autostart: true },
  });
  const { code, out } = await runAt(".", ["status", "--admin", node.adminUrl]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ *version +test$/m);
  expect(out).toMatch(/^ *state +serving$/m);
  expect(out).toMatch(/^ *configuration +generation 1, built-in$/m);
  expect(out).toMatch(/^ *permits +10 of 10 free$/m);
  expect(out).toMatch(/^ *breaker openai +closed$/m);
  expect(out).toMatch(/^ *chaos +brownout until \d{4}-/m);
});

test("status says that the kill switch is on, and gives JSON where it is asked for", async () => {
  node = await startNode();
  await fetch(`${node.adminUrl}/admin/v1/experiments/stop`, { method: "POST" });
  expect((await runAt(".", ["status", "--admin", node.adminUrl])).out).toContain(
    "the kill switch is on: no fault acts",
  );
  const { out } = await runAt(".", ["status", "--json", "--admin", node.adminUrl]);
  expect(JSON.parse(out)).toMatchObject({ version: "test", draining: false });
});

test("a node that asks for its token says so, and the command what to do; with the token it is shown", async () => {
  const token = "a-token-that-nobody-guesses";
  node = await startNode({ admin: { tokenEnv: "ADMIN" } }, { env: { ADMIN: token } });
  for (const env of [{}, { STUNTDOUBLE_ADMIN_TOKEN: "wrong" }]) {
    const { code, err } = await runAt(".", ["top", "--once", "--admin", node.adminUrl], { env });
    expect(code).toBe(1);
    expect(err).toMatch(/token.* Set STUNTDOUBLE_ADMIN_TOKEN to it, or name another variable with --token-env\.\n$/);
  }
  const untilStopped = new Promise<string>(() => undefined);
  const asked = { env: { MY_TOKEN: token }, untilStopped };
  const good = await runAt(".", ["top", "--once", "--token-env", "MY_TOKEN", "--admin", node.adminUrl], asked);
  expect([good.code, good.err]).toEqual([0, ""]);
});

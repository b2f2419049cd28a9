import { afterEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { administered, killRuns, run, serving } from "../../support/process.ts";
import { chatBody } from "../../support/raw.ts";

afterEach(killRuns);

test("SIGUSR2 turns the kill switch on, and the audit log says so", async () => {
  const config = {
    workers: 2,
    limits: { overload: "off" },
    rules: [{ name: "all", serve: "simulate", profile: "instant", faults: [{ kind: "hang" }] }],
  };
  const files = { "stuntdouble.yaml": JSON.stringify(config) };
  const program = await run(["start", "--port", "0", "--admin-port", "0"], files);
  const admin = `http://127.0.0.1:${await administered(program)}/admin/v1`;
  const call = fetch(`http://127.0.0.1:${await serving(program)}/v1/chat/completions`, {
    method: "POST",
    body: chatBody(),
  });
  const ended = call.then(
    async (response) => `${response.status} ${await response.text()}`,
    () => "broken",
  );
  const read = async (path: string) => (await (await fetch(`${admin}/${path}`)).json()) as Record<string, unknown>;
  await until("the fault", async () => {
    const metrics = await (await fetch(new URL("/metrics", admin))).text();
    return metrics.includes('stuntdouble_faults_active{fault="hang",rule="all"} 1') ? true : undefined;
  });
  program.child.kill("SIGUSR2");
  expect(await ended).toBe("broken");
  expect(await read("experiments")).toMatchObject({ killSwitch: true });
  expect(await read("audit")).toMatchObject({ entries: [{ what: "kill switch on", by: "SIGUSR2" }] });
});

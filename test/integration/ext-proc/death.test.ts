import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { findEnvoy, startEnvoy, type Envoy, type EnvoyOptions } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import { chatEvents, json, startUpstream, stepped, type ScriptedUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "a sidecar that dies behind a real Envoy", (place) => {
  const running: { stop(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop();
  });

  type World = { readonly envoy: Envoy; readonly upstream: ScriptedUpstream; readonly sidecar: ChildProcess };
  const start = async (filter: object, options: Partial<EnvoyOptions> = {}): Promise<World> => {
    const upstream = await startUpstream(json({ real: true }));
    const { child, extProcPort } = await startSidecar({
      upstreams: { first: { url: upstream.url } },
      default: { serve: "forward" },
    });
    const all = { extProcPort, upstreams: { first: upstream.port }, ...options };
    const envoy = await startEnvoy(place, { ...all, filter: { ...filter } });
    running.push({ stop: async () => void child.kill("SIGKILL") }, envoy, upstream);
    await until("a first response", async () => ((await chat(envoy)).status === 200 ? true : undefined));
    return { envoy, upstream, sidecar: child };
  };
  const open = { failure_mode_allow: true };
  const closed = { failure_mode_allow: false, status_on_error: { code: "ServiceUnavailable" } };

  test("fail-open: calls go to the upstream as if there were no sidecar", async () => {
    const { envoy, sidecar } = await start(open);
    await kill(sidecar);
    const response = await chat(envoy, { "x-stuntdouble": "simulate" });
    expect(await response.json()).toEqual({ real: true });
  });

  test("fail-closed: calls get the status that the filter names", async () => {
    const { envoy, sidecar, upstream } = await start(closed);
    await kill(sidecar);
    const before = upstream.received.length;
    expect((await chat(envoy)).status).toBe(503);
    expect(upstream.received).toHaveLength(before);
  });

  test("a simulated stream breaks off, and does not look complete", async () => {
    const { envoy, sidecar } = await start(open);
    const response = await chat(envoy, { "x-stuntdouble": "simulate, ttft=1, itl=50, tokens=100" }, true);
    const reading = response.text();
    await kill(sidecar);
    await expect(reading).rejects.toThrow(/terminated|fetch failed/);
  });

  test.each([
    ["was handed over finishes", "forward", true],
    ["is read breaks off", "forward, mirror", false],
    ["is bent breaks off", "forward, fault=delay;ms=1", false],
  ])("fail-open: a real stream that %s", async (_what, wish, isWhole) => {
    const { envoy, sidecar, upstream } = await start(open);
    const stream = stepped();
    upstream.script(stream.script);
    const response = await chat(envoy, { "x-stuntdouble": wish }, true);
    const reading = response.text().catch(() => "broken");
    const [first, ...others] = chatEvents(["one", "two"]);
    await stream.send(first!);
    await kill(sidecar);
    for (const event of others) await stream.send(event);
    await stream.end();
    expect(await reading).toBe(isWhole ? chatEvents(["one", "two"]).join("") : "broken");
  });

  test("health checks take a frozen sidecar out, and in again when it is back", async () => {
    const { envoy, sidecar } = await start(open, { healthChecks: true });
    sidecar.kill("SIGSTOP");
    await until("an unhealthy sidecar", async () =>
      (await envoy.stat("cluster.stuntdouble.membership_healthy")) === 0 ? true : undefined,
    );
    const response = await chat(envoy);
    expect(response.headers.get("x-stuntdouble-decision")).toBeNull();
    expect(await response.json()).toEqual({ real: true });
    sidecar.kill("SIGCONT");
    await until("a sidecar that is back", async () => {
      const again = await chat(envoy);
      await again.text();
      return again.headers.get("x-stuntdouble-decision") === null ? undefined : true;
    });
  });
});

/** A sidecar in a process of its own. */
async function startSidecar(config: object): Promise<{ child: ChildProcess; extProcPort: number }> {
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "stuntdouble.json");
  const ports = { listen: { host: "127.0.0.1", port: 0 }, admin: { port: 0 }, extProc: { port: 0 } };
  await writeFile(file, JSON.stringify({ ...ports, workers: 1, control: { enabled: true }, ...config }));
  const child = spawn(process.execPath, ["src/main.ts", "start", "--config", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => void (errors += chunk.toString()));
  const [, port] = await until(
    "the banner",
    () => /ext_proc filter finds it at [\d.]+:(\d+)/.exec(errors) ?? undefined,
  );
  return { child, extProcPort: Number(port) };
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}

async function chat(envoy: Envoy, headers: Readonly<Record<string, string>> = {}, stream = false): Promise<Response> {
  return await fetch(`${envoy.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "gpt-4o", stream, messages: [{ role: "user", content: "Say hello" }] }),
  });
}

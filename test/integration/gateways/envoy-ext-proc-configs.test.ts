import { spawnSync } from "node:child_process";
import { globSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findEngine } from "../../support/programs/engine.ts";
import { findEnvoy, startShipped, type Envoy, type EnvoyPlace } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const place = findEnvoy();
const program = place === undefined || place === "container" ? undefined : place.program;
const ways: [string, EnvoyPlace | undefined][] = [
  ["envoy", place],
  ["a container engine", findEngine() === undefined ? undefined : "container"],
];

describeWith("the program envoy", program, "each file in envoy/", (program) => {
  test.each(globSync("envoy/*.yaml").map((file) => path.basename(file)))(
    "%s can be moved to another provider",
    (file) => {
      const moved = (url: string): string =>
        spawnSync(process.execPath, ["envoy/with-provider.ts", file, url], { encoding: "utf8" }).stdout;
      const plain = moved("http://127.0.0.1:9000");
      expect([plain.includes("api.openai.com"), plain.includes("transport_sockets.tls")]).toEqual([false, false]);
      expect(moved("https://llm.example")).toContain("sni: llm.example");
      const { status, stderr } = spawnSync(program, ["--mode", "validate", "--config-yaml", plain]);
      expect({ status, log: status === 0 ? "" : stderr.toString() }).toEqual({ status: 0, log: "" });
    },
  );

  test.each(globSync("envoy/*.yaml").map((file) => path.basename(file)))("%s is valid as it stands", (file) => {
    const { status, stderr } = spawnSync(program, ["--mode", "validate", "-c", path.join("envoy", file)]);
    expect({ status, log: status === 0 ? "" : stderr.toString() }).toEqual({ status: 0, log: "" });
  });
});

for (const [name, found] of ways) {
  describeWith(name, found, `the configurations in envoy/, started with ${name}`, (place) => {
    let provider: ScriptedUpstream;
    let node: Node;
    let envoy: Envoy | undefined;
    beforeEach(async () => {
      provider = await startUpstream(json({ real: true }));
      node = await startNode({
        extProc: {},
        control: { enabled: true },
        upstreams: { openai: { url: provider.url } },
        rules: [{ name: "real", match: { header: { "x-env": "real" } }, serve: "forward" }],
      });
    });
    afterEach(async () => {
      await envoy?.stop();
      await node.stop();
      await provider.stop();
    });
    const start = async (file: string): Promise<void> => {
      envoy = await startShipped(place, file, { sidecar: node.app.extProcPort!, provider: provider.port });
    };
    /** Who answered: the provider, or the simulator. */
    const ask = async (headers: Readonly<Record<string, string>> = {}): Promise<"real" | "simulated" | number> => {
      const response = await fetch(`${envoy!.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }] }),
      });
      const text = await response.text();
      if (response.status !== 200) return response.status;
      return text === '{"real":true}' ? "real" : "simulated";
    };

    test("ext-proc.yaml simulates, forwards, and refuses without its sidecar", async () => {
      await start("ext-proc.yaml");
      await until("a healthy sidecar", async () => ((await ask()) === "simulated" ? true : undefined));
      expect(await ask({ "x-env": "real" })).toBe("real");
      expect(await ask({ "x-stuntdouble": "fault=status;status=429" })).toBe(429);
      expect(provider.received.at(-1)?.headers["host"]).toBe("api.openai.com");
      await node.stop();
      expect(await ask()).toBe(503);
    });

    test("fail-open.yaml simulates and forwards, and without its sidecar everything is forwarded", async () => {
      await start("fail-open.yaml");
      await until("a healthy sidecar", async () => ((await ask()) === "simulated" ? true : undefined));
      expect(await ask({ "x-stuntdouble": "ttft=2500, tokens=1" })).toBe("simulated");
      await node.stop();
      expect(await ask()).toBe("real");
    });
  });
}

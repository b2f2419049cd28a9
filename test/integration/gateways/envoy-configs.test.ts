import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { findEngine } from "../../support/programs/engine.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { adapted } from "../../support/programs/envoy-config.ts";
import { freePort, startGateway } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const image = "envoyproxy/envoy:v1.40.0";
const folder = path.join(import.meta.dirname, "../../../envoy");

/** Runs Envoy with a configuration until it is ready; gives back how to end it. */
type Run = (config: string, port: number, adminPort: number) => Promise<() => Promise<unknown>>;

const asProcess =
  (envoy: string): Run =>
  async (config, port) => {
    const file = path.join(mkdtempSync(path.join(tmpdir(), "stuntdouble-")), "envoy.yaml");
    writeFileSync(file, config);
    const args = ["-c", file, "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"];
    const gateway = await startGateway([envoy, ...args], { port, cwd: folder, env: {} });
    return () => gateway.stop();
  };

const asContainer: Run = async (config, port, adminPort) => {
  const container: StartedTestContainer = await new GenericContainer(image)
    .withNetworkMode("host")
    .withCopyContentToContainer([{ content: config, target: "/etc/envoy/envoy.yaml" }])
    .withCommand(["-c", "/etc/envoy/envoy.yaml", "--concurrency", "1"])
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  await until("Envoy in its container", async () => {
    const ready = await fetch(`http://127.0.0.1:${adminPort}/ready`).then(
      (response) => response.ok,
      () => false,
    );
    return ready || undefined;
  });
  expect(port).toBeGreaterThan(0);
  return () => container.stop();
};

const place = findEnvoy();
const program = typeof place === "object" ? place.program : undefined;

describeWith("the program envoy", program, "the example configurations of Envoy", (envoy) => {
  behaveWith(asProcess(envoy));
});

describeWith("a container engine", findEngine(), "the example configurations in Envoy's container", () => {
  behaveWith(asContainer);
});

function behaveWith(run: Run): void {
  let node: Node;
  let provider: ScriptedUpstream;
  let end: (() => Promise<unknown>) | undefined;
  let url: string;
  let adminUrl: string;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    provider = await startUpstream(json(chatResponse("I am real")));
  });
  afterEach(async () => {
    await end?.();
    end = undefined;
  });
  afterAll(async () => {
    await node.stop();
    await provider.stop();
  });

  async function start(name: string, other: { stuntdouble?: Node; provider?: number } = {}): Promise<void> {
    const { port, adminUrl: own } = other.stuntdouble ?? node;
    const [listen, admin] = [await freePort(), await freePort()];
    const config = await adapted(name, {
      listen,
      admin,
      stuntdouble: port,
      stuntdoubleAdmin: Number(new URL(own).port),
      provider: other.provider ?? provider.port,
    });
    url = `http://127.0.0.1:${listen}`;
    adminUrl = `http://127.0.0.1:${admin}`;
    end = await run(config, listen, admin);
    await until("a first response", async () => ((await who()) === 503 ? undefined : true));
  }

  async function who(headers: Record<string, string> = {}): Promise<"simulated" | "real" | number> {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] }),
    });
    await response.text();
    if (response.status !== 200) return response.status;
    return response.headers.get("x-stuntdouble-decision") === "simulate" ? "simulated" : "real";
  }

  const simulatedOf = async (calls: number): Promise<number> => {
    const responses = await Promise.all(Array.from({ length: calls }, () => who()));
    expect(responses.filter((each) => typeof each === "number")).toEqual([]);
    return responses.filter((each) => each === "simulated").length;
  };

  const simulate = { "x-stuntdouble": "simulate" };
  const closed = "header-switch-fail-closed.yaml";

  test.each(["header-switch.yaml", closed])(
    "%s sends what asks for it to Stuntdouble and the rest to the provider",
    async (file) => {
      await start(file);
      expect(await who({ "x-stuntdouble": "simulate, ttft=1" })).toBe("simulated");
      expect(await who({ "x-stuntdouble": "fault=status;status=429" })).toBe(429);
      expect(await who({ "x-stuntdouble": "forward" })).toBe("real");
      expect(provider.received.at(-1)?.headers["x-stuntdouble"]).toBeUndefined();
      expect(await who()).toBe("real");
    },
  );

  test.each(["header-switch.yaml", closed])(
    "%s refuses a header that nobody understands, and asks nobody",
    async (file) => {
      await start(file);
      const before = provider.received.length;
      for (const value of ["real", "simulated", "SIMULATE", "forward, fualt=cut", ""])
        expect([value, await who({ "x-stuntdouble": value })]).toEqual([value, 400]);
      expect(provider.received).toHaveLength(before);
    },
  );

  test("header-switch.yaml lets the provider response at once when Stuntdouble is down, before a health check tells", async () => {
    const other = await startNode();
    await start("header-switch.yaml", { stuntdouble: other });
    await until("a healthy sidecar", async () => ((await who(simulate)) === "simulated" ? true : undefined));
    await other.stop();
    expect(await who(simulate)).toBe("real");
    await until("the health check", async () => ((await healthy()) ? undefined : true));
    expect(await who(simulate)).toBe("real");
  });

  test("header-switch-fail-closed.yaml gives 503 to what shall be simulated while Stuntdouble is down, and asks no provider", async () => {
    const other = await startNode();
    await start(closed, { stuntdouble: other });
    await until("a healthy sidecar", async () => ((await who(simulate)) === "simulated" ? true : undefined));
    await other.stop();
    const before = provider.received.length;
    expect(await who(simulate)).toBe(503);
    await until("the health check", async () => ((await healthy()) ? undefined : true));
    expect(await who(simulate)).toBe(503);
    expect(provider.received).toHaveLength(before);
    expect(await who()).toBe("real");
  });

  test.each(["header-switch.yaml", closed])(
    "%s lets Stuntdouble response for a provider that takes no connection",
    async (file) => {
      await start(file, { provider: await freePort() });
      await until("the stand-in", async () => ((await who()) === "simulated" ? true : undefined));
    },
  );

  async function healthy(): Promise<boolean> {
    const response = await fetch(`${adminUrl}/stats?filter=^cluster.stuntdouble.membership_healthy$`);
    return (await response.text()).trim().endsWith(": 1");
  }

  test("canary.yaml sends every tenth call to Stuntdouble, and another share when it is told so", async () => {
    await start("canary.yaml");
    // 10 % of 400, five standard deviations to each side.
    const few = await simulatedOf(400);
    expect([few > 10, few < 70]).toEqual([true, true]);
    await fetch(`${adminUrl}/runtime_modify?stuntdouble.percentage=100`, { method: "POST" });
    expect(await simulatedOf(50)).toBe(50);
  });

  test("mirror.yaml gives clients the provider's responses, and Stuntdouble a copy of each call", async () => {
    const other = await startNode();
    try {
      await start("mirror.yaml", { stuntdouble: other });
      expect([await who(), await who()]).toEqual(["real", "real"]);
      await other.outcomes(2);
    } finally {
      await other.stop();
    }
  });
}

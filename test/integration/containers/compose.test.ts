import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { until } from "../../support/node.ts";
import { buildImage, compose, composeLater, findEngine, haveImage, nodeImage } from "../../support/programs/engine.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";

const file = "docker/compose.yaml";
/** A container starts in a second, on a machine that has something else to do in many. */
const startMs = 180_000;
type Services = Readonly<Record<string, { readonly image: string }>>;
const { services } = parse(readFileSync(file, "utf8"), { merge: true }) as { services: Services };

/** What stands at a URL; nothing while nobody responds there. */
async function textOf(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return "";
  }
}

test("every image of Compose has an exact version, and none is the latest", () => {
  const foreign = Object.values(services)
    .map(({ image }) => image)
    .filter((image) => image !== "stuntdouble");
  expect(foreign.filter((image) => !/:v?\d+\.\d+\.\d+(-|@|$)/.test(image))).toEqual([]);
});

describeWith("a container engine", findEngine(), "Compose", () => {
  const env: Record<string, string> = { COMPOSE_PROJECT_NAME: "stuntdouble-test" };
  const at = (name: string): string => `http://127.0.0.1:${env[name]}`;
  const hasConsul = haveImage(services["consul"]!.image);
  const files = ["-f", file, ...(hasConsul ? [] : ["-f", "test/integration/containers/consul-stub.yaml"])];
  const ran = (...args: readonly string[]): string => compose(env, ...files, ...args);
  const ranLater = async (...args: readonly string[]): Promise<string> => await composeLater(env, ...files, ...args);
  const others = Object.keys(services).filter((name) => !name.startsWith("node-"));
  const consul = new Set(["consul", "configuration"]);
  /** Those whose images can be had here; a stub takes the place of Consul. */
  const available = others.filter((name) => consul.has(name) || haveImage(services[name]!.image));

  beforeAll(async () => {
    for (const name of [
      "PORT",
      "ADMIN_PORT",
      "ENVOY_PORT",
      "HAPROXY_PORT",
      "PROMETHEUS_PORT",
      "CONSUL_PORT",
      "GRAFANA_PORT",
    ])
      env[name] = String(await freePort());
    env["STUB_NODE_IMAGE"] = nodeImage();
    env["STUB_FOLDER"] = path.resolve("test/support/programs");
    buildImage("stuntdouble", mkdtempSync(path.join(tmpdir(), "stuntdouble-image-")));
    ran("up", "-d", "--no-build", "node-1", "node-2", ...available);
  }, 600_000);
  afterAll(() => {
    ran("down", "-v", "-t", "5");
  }, 120_000);

  test(`runs all but Grafana here${hasConsul ? "" : ", with a stub of Consul, because there is no image of it"}`, () => {
    expect(available).toEqual(expect.arrayContaining(["envoy", "haproxy", "redis", "prometheus"]));
  });

  test.each(["ENVOY_PORT", "HAPROXY_PORT"])(
    "both nodes serve behind the gateway at %s",
    async (port) => {
      await until(
        "a response of each node",
        async () => {
          const headers = { "x-request-id": `${port}-${randomUUID()}` };
          const response = await fetch(`${at(port)}/v1/models`, { headers }).catch(() => undefined);
          await response?.text();
          if (response?.ok !== true) return undefined;
          return ["node-1", "node-2"].every((node) => ran("logs", node).includes(`"id":"${port}-`)) || undefined;
        },
        startMs,
      );
    },
    startMs + 60_000,
  );

  test("no call fails while a node is restarted", async () => {
    const statuses: number[] = [];
    const restarted = ranLater("restart", "-t", "40", "node-2");
    const progress = { ended: false };
    void restarted.finally(() => (progress.ended = true));
    for (; !progress.ended; await sleep(10)) statuses.push((await fetch(`${at("HAPROXY_PORT")}/v1/models`)).status);
    await restarted;
    expect(statuses.filter((status) => status !== 200)).toEqual([]);
  }, 120_000);

  test(
    "Prometheus has the metrics of both nodes, and the rules",
    async () => {
      await until(
        "both nodes in Prometheus",
        async () => {
          const found = await textOf(`${at("PROMETHEUS_PORT")}/api/v1/query?query=count(stuntdouble_ready==1)`);
          return found.includes('"2"') || undefined;
        },
        startMs,
      );
      expect(await textOf(`${at("PROMETHEUS_PORT")}/api/v1/rules`)).toContain("StuntdoublePermitsNearlyUsedUp");
    },
    startMs,
  );

  test(
    "both nodes have their configuration from Consul, and a change of it reaches them",
    async () => {
      const source = async (): Promise<string> => await textOf(`${at("ADMIN_PORT")}/admin/v1/status`);
      await until("the first node", async () => (await source()).includes('"from":"consul"') || undefined, startMs);
      const changed = readFileSync("docker/node.yaml", "utf8").replace(
        "{ serve: simulate }",
        "{ serve: simulate, profile: instant }",
      );
      const key = `${at("CONSUL_PORT")}/v1/kv/stuntdouble/stuntdouble.yaml`;
      expect((await fetch(key, { method: "PUT", body: changed })).status).toBe(200);
      const hashes = async (): Promise<string> =>
        await textOf(`${at("PROMETHEUS_PORT")}/api/v1/query?query=count(stuntdouble_config_info)by(source,hash)`);
      const before = await hashes();
      await until(
        "one hash on both nodes",
        async () => {
          const now = await hashes();
          return (now !== before && now.split('"hash"').length === 2 && now.includes(',"2"]')) || undefined;
        },
        startMs,
      );
    },
    startMs + 60_000,
  );

  test(
    "the nodes know of each other by Redis",
    async () => {
      await until(
        "both nodes to hear of each other",
        async () => {
          const { nodes } = JSON.parse((await textOf(`${at("ADMIN_PORT")}/admin/v1/nodes`)) || "{}") as {
            nodes?: object[];
          };
          return nodes?.length === 2 || undefined;
        },
        startMs,
      );
    },
    startMs + 60_000,
  );
});

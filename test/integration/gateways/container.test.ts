import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compose, engine, findEngine } from "../../support/programs/engine.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { until } from "../../support/node.ts";
import { chatBody } from "../../support/raw.ts";

const image = "stuntdouble:test";

/** What stands at a URL; nothing while nobody responses there. */
async function textOf(url: string): Promise<string> {
  try {
    return await (await fetch(url)).text();
  } catch {
    return "";
  }
}

const responses = async (url: string): Promise<true | undefined> => (await textOf(url)).includes("data") || undefined;

describeWith("a container engine", findEngine(), "the container image", () => {
  let container: StartedTestContainer;
  const url = (port: number): string => `http://${container.getHost()}:${container.getMappedPort(port)}`;

  beforeAll(async () => {
    // The network of the host, because packages may come from a registry that only the host reaches.
    engine("build", "--network", "host", "-q", "-f", "docker/Dockerfile", "-t", image, ".");
    container = await new GenericContainer(image)
      .withExposedPorts(8080, 8081)
      .withWaitStrategy(Wait.forHttp("/readyz", 8081))
      .start();
  }, 300_000);
  afterAll(async () => {
    await container.stop();
  });

  test("serves simulated responses and its metrics without any configuration", async () => {
    const response = await fetch(`${url(8080)}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-stuntdouble": "ttft=0, itl=0" },
      body: chatBody({ stream: false }),
    });
    expect(await response.json()).toMatchObject({ object: "chat.completion" });
    expect(response.headers.get("x-stuntdouble-decision")).toBe("simulate");
    expect(await (await fetch(`${url(8081)}/metrics`)).text()).toContain("stuntdouble_requests_total");
  });

  test("runs as a user without rights", async () => {
    const { output } = await container.exec(["id", "-u"]);
    expect(output.trim()).toBe("1000");
  });

  test("has a health check that passes", async () => {
    await until("a healthy container", () => {
      const health = engine("inspect", "--format", "{{.State.Health.Status}}", container.getId());
      return health === "healthy" || undefined;
    });
  });

  test("ends well when it is told to stop", async () => {
    const id = engine("run", "-d", image);
    try {
      await until("the container to serve", () => engine("logs", id).includes("stuntdouble serves") || undefined);
      engine("stop", id);
      expect(engine("inspect", "--format", "{{.State.ExitCode}}", id)).toBe("0");
    } finally {
      engine("rm", "-f", id);
    }
  });

  test("runs in Compose behind Envoy, and Prometheus reads its metrics and the alert rules", async () => {
    const [port, adminPort, envoy, prometheus] = await Promise.all(Array.from({ length: 4 }, freePort));
    const env = {
      PORT: String(port),
      ADMIN_PORT: String(adminPort),
      ENVOY_PORT: String(envoy),
      PROMETHEUS_PORT: String(prometheus),
      COMPOSE_PROJECT_NAME: "stuntdouble-test",
    };
    engine("tag", image, "stuntdouble");
    compose(env, "-f", "docker/compose.yaml", "up", "-d", "--no-build");
    try {
      await until("a response through Envoy", () => responses(`http://127.0.0.1:${envoy}/v1/models`));
      await until("the metric in Prometheus", async () => {
        const query = "sum(stuntdouble_requests_total)";
        const found = await textOf(`http://127.0.0.1:${prometheus}/api/v1/query?query=${query}`);
        return found.includes('"value"') || undefined;
      });
      const rules = await textOf(`http://127.0.0.1:${prometheus}/api/v1/rules`);
      expect(rules).toContain("StuntdoublePermitsNearlyUsedUp");
    } finally {
      compose(env, "-f", "docker/compose.yaml", "down", "-v");
    }
  });
});

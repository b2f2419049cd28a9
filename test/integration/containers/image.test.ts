import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { GenericContainer, Wait, type StartedTestContainer } from "testcontainers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runtimePackages } from "../../../supply-chain/lockfile.ts";
import { until } from "../../support/node.ts";
import { buildImage, engine, findEngine } from "../../support/programs/engine.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatBody } from "../../support/raw.ts";

const image = "stuntdouble:test";
const megabyte = 1e6;
/** A container starts in a second, on a machine that has something else to do in many. */
const startMs = 180_000;

type Bom = { readonly components: readonly { readonly name: string; readonly version: string }[] };
type Provenance = {
  readonly subject: readonly { readonly digest: { readonly sha256: string } }[];
  readonly predicate: {
    readonly buildDefinition: { readonly resolvedDependencies: readonly { readonly name: string }[] };
  };
};

describeWith("a container engine", findEngine(), "the container image", () => {
  let container: StartedTestContainer;
  let revision = "";
  const beside = mkdtempSync(path.join(tmpdir(), "stuntdouble-image-"));
  const url = (port: number): string => `http://${container.getHost()}:${container.getMappedPort(port)}`;
  const written = (name: string): unknown => JSON.parse(readFileSync(path.join(beside, name), "utf8"));
  const inspect = (format: string): string => engine("image", "inspect", "--format", format, image);

  beforeAll(async () => {
    revision = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
    buildImage(image, beside);
    container = await new GenericContainer(image)
      .withExposedPorts(8080, 8081)
      .withWaitStrategy(Wait.forHttp("/readyz", 8081))
      .withStartupTimeout(startMs)
      .start();
  }, 600_000);
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

  test("says where traffic goes, where the dashboard is and what to try, and has the dashboard at the published port", async () => {
    const said = engine("logs", container.getId());
    expect(said).toMatch(/^stuntdouble serves http:\/\/0\.0\.0\.0:8080 /m);
    expect(said).toMatch(/^dashboard: http:\/\/127\.0\.0\.1:8081\/$/m);
    expect(said).toMatch(/^try: curl -s http:\/\/127\.0\.0\.1:8080\/v1\/chat\/completions /m);
    const page = await fetch(url(8081), { headers: { accept: "text/html" } });
    expect(await page.text()).toContain("<h1>Overview</h1>");
    const script = await fetch(`${url(8081)}/dashboard/script.js`);
    expect([script.status, await script.text()]).toEqual([200, expect.stringContaining("EventSource")]);
  });

  test("runs as a non-root user", async () => {
    const { output } = await container.exec(["node", "-p", "process.getuid()"]);
    expect(output.trim()).toBe("1000");
  });

  test("has no shell", () => {
    expect(() => engine("run", "--rm", "--entrypoint", "sh", image, "-c", "true")).toThrow(/executable file not found/);
  });

  test(
    "has a health check that passes",
    async () => {
      await until(
        "a healthy container",
        () => {
          const health = engine("inspect", "--format", "{{.State.Health.Status}}", container.getId());
          return health === "healthy" || undefined;
        },
        startMs,
      );
    },
    startMs,
  );

  test(
    "serves with a read-only root, without capabilities and without any place to write to",
    async () => {
      const hardened = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
      const id = engine("run", "-d", ...hardened, image);
      try {
        await until(
          "a healthy container",
          () => {
            const health = engine("inspect", "--format", "{{.State.Health.Status}}", id);
            return health === "healthy" || undefined;
          },
          startMs,
        );
      } finally {
        engine("rm", "-f", id);
      }
    },
    startMs,
  );

  test("runs the other commands", () => {
    expect(engine("run", "--rm", image, "check", "/etc/stuntdouble/stuntdouble.yaml")).toContain("stuntdouble.yaml");
  });

  test(
    "ends with 0 when it is told to stop",
    async () => {
      const id = engine("run", "-d", image);
      try {
        await until(
          "the container to serve",
          () => engine("logs", id).includes("stuntdouble serves") || undefined,
          startMs,
        );
        engine("stop", id);
        expect(engine("inspect", "--format", "{{.State.ExitCode}}", id)).toBe("0");
      } finally {
        engine("rm", "-f", id);
      }
    },
    startMs,
  );

  test("ends with 0 at whatever moment of its start it is told to stop", async () => {
    // 137 is a container that had to be killed because it did not hear the signal.
    const codes: [number, string][] = [];
    for (const delayMs of [0, 0, 0, 10, 20, 40, 80, 120, 200, 300, 500, 800, 1300]) {
      const id = engine("run", "-d", image);
      await sleep(delayMs);
      engine("stop", "-t", "20", id);
      codes.push([delayMs, engine("inspect", "--format", "{{.State.ExitCode}}", id)]);
      engine("rm", "-f", id);
    }
    expect(codes.filter(([, code]) => code !== "0")).toEqual([]);
  }, 300_000);

  test("is smaller than 150 MB", () => {
    expect(Number(inspect("{{.Size}}")) / megabyte).toBeLessThan(150);
  });

  test("has no tests, documentation, types or source maps of its packages", async () => {
    const script = `
      const unused = /\\.(map|md|ts)$|\\/tests?\\//;
      const kept = /\\/licen[cs]e[^/]*$/i;
      const files = require("fs").readdirSync("node_modules", { recursive: true }).map((file) => "/" + file);
      console.log(files.filter((file) => unused.test(file) && !kept.test(file)).join("\\n"));`;
    expect((await container.exec(["node", "-e", script])).output.trim()).toBe("");
  });

  test("says in its labels what it is and which commit it is of", () => {
    const labels: Record<string, string> = JSON.parse(inspect("{{json .Config.Labels}}"));
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(labels["org.opencontainers.image.revision"]).toMatch(new RegExp(`^${revision}(-modified)?$`));
    expect(labels["org.opencontainers.image.version"]).toBe(version);
    expect(labels["org.opencontainers.image.licenses"]).toBe("Apache-2.0");
  });

  test("comes with a bill of materials of every package, of Node and of what Node links to", async () => {
    const { components } = written("sbom.cdx.json") as Bom;
    const listed = new Set(components.map(({ name, version }) => `${name} ${version}`));
    const missing = runtimePackages().filter(({ name, version }) => !listed.has(`${name} ${version}`));
    expect(missing).toEqual([]);
    expect(components.map(({ name }) => name)).toEqual(expect.arrayContaining(["node", "libc6", "libstdc++6", "tini"]));
    const { output } = await container.exec([
      "node",
      "-e",
      `process.stdout.write(require("fs").readFileSync("/usr/share/doc/stuntdouble/sbom.cdx.json"))`,
    ]);
    expect(JSON.parse(output)).toEqual(written("sbom.cdx.json"));
  });

  test("comes with the provenance of the image", () => {
    const { subject, predicate } = written("provenance.json") as Provenance;
    expect(`sha256:${subject[0]?.digest.sha256}`).toBe(inspect("{{.Id}}"));
    const names = predicate.buildDefinition.resolvedDependencies.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(["source", "package-lock.json", "docker/Dockerfile"]));
  });
});

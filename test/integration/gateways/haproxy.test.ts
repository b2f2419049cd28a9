import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { freePort, startGateway, type Gateway } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { findProgram } from "../../support/programs/index.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const folder = path.join(import.meta.dirname, "../../../plugins/haproxy");
const closed = "haproxy-fail-closed.cfg";
const chat = "/v1/chat/completions";
const embeddings = "/v1/embeddings";

describeWith("HAProxy", findProgram("haproxy", "STUNTDOUBLE_HAPROXY"), "the plugin for HAProxy", (haproxy) => {
  let node: Node;
  let provider: ScriptedUpstream;
  let gateway: Gateway | undefined;
  let url: string;
  const real = json(chatResponse("I am real"));

  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
    provider = await startUpstream(real);
  }, 60_000);
  afterEach(async () => {
    await gateway?.stop();
    provider.script(real);
  });
  afterAll(async () => {
    await node.stop();
    await provider.stop();
  });

  async function start(env: Record<string, string> = {}, modes?: string, file = "haproxy.cfg"): Promise<void> {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    gateway = await startGateway([haproxy, "-db", "-f", file], {
      port,
      cwd: folder,
      env: {
        LLM_BIND: `127.0.0.1:${port}`,
        PROVIDER: `127.0.0.1:${provider.port}`,
        STUNTDOUBLE: `127.0.0.1:${node.port}`,
        STUNTDOUBLE_ADMIN_PORT: new URL(node.adminUrl).port,
        ...(modes !== undefined && { MODES_MAP: mapOf(modes) }),
        ...env,
      },
    });
  }

  function mapOf(text: string): string {
    const file = path.join(mkdtempSync(path.join(tmpdir(), "stuntdouble-")), "modes.map");
    writeFileSync(file, text);
    return file;
  }

  async function ask(headers: Record<string, string> = {}, route = chat): Promise<Response> {
    const body = { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }], input: "Hello" };
    return await fetch(url + route, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  }

  const whoAnswered = async (response: Promise<Response>): Promise<"simulated" | "real" | number> => {
    const { status, headers } = await response;
    if (status !== 200) return status;
    return headers.get("x-stuntdouble-decision") === "simulate" ? "simulated" : "real";
  };

  test.each(["haproxy.cfg", closed])("%s is a valid configuration as it stands, without a warning", (file) => {
    const { status, stderr } = spawnSync(haproxy, ["-c", "-f", file], { cwd: folder, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  test("sends a single call to Stuntdouble by the control header, which the provider does not get", async () => {
    await start();
    expect(await whoAnswered(ask({ "x-stuntdouble": "simulate, ttft=1" }))).toBe("simulated");
    expect((await ask({ "x-stuntdouble": "fault=status;status=429" })).status).toBe(429);
    const before = provider.received.length;
    expect(await whoAnswered(ask({ "x-stuntdouble": "forward" }))).toBe("real");
    expect(provider.received[before]?.headers["x-stuntdouble"]).toBeUndefined();
  });

  test.each(["haproxy.cfg", closed])("%s refuses a header that nobody understands, and asks nobody", async (file) => {
    await start({}, undefined, file);
    const before = provider.received.length;
    for (const value of ["real", "simulated", "SIMULATE", "percentage:25", "forward, fualt=cut", ""])
      expect([value, (await ask({ "x-stuntdouble": value })).status]).toEqual([value, 400]);
    expect(provider.received).toHaveLength(before);
  });

  test("a call with the same request id goes the same way each time", async () => {
    await start({}, `${chat} percentage:50\n`);
    const ways = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const id = { "x-request-id": `call-${index % 8}` };
        return `${index % 8} ${await whoAnswered(ask(id))}`;
      }),
    );
    expect(new Set(ways).size).toBe(8);
    expect(new Set(ways.map((way) => way.slice(2))).size).toBe(2);
  });

  test("sends a route to Stuntdouble by its map, and a header wins over the map", async () => {
    await start();
    expect(await whoAnswered(ask({}, embeddings))).toBe("simulated");
    expect(await whoAnswered(ask({ "x-stuntdouble": "forward" }, embeddings))).toBe("real");
  });

  test.each([
    ["percentage:0", "real"],
    ["percentage:100", "simulated"],
  ])("%s leaves nothing to chance", async (mode, who) => {
    await start({}, `${chat} ${mode}\n`);
    expect(new Set(await Promise.all(Array.from({ length: 50 }, () => whoAnswered(ask()))))).toEqual(new Set([who]));
  });

  test("haproxy-fail-closed.cfg gives 503 to what shall be simulated while Stuntdouble is down, and asks no provider", async () => {
    const other = await startNode();
    const place = { STUNTDOUBLE: `127.0.0.1:${other.port}`, STUNTDOUBLE_ADMIN_PORT: new URL(other.adminUrl).port };
    await start(place, `${embeddings} simulate\n`, closed);
    expect(await whoAnswered(ask({ "x-stuntdouble": "simulate" }))).toBe("simulated");
    await other.stop();
    const before = provider.received.length;
    expect(await whoAnswered(ask({ "x-stuntdouble": "simulate" }))).toBe(503);
    await until("the health check", () => (gateway?.output().includes("is DOWN") ? true : undefined));
    expect(await whoAnswered(ask({ "x-stuntdouble": "simulate" }))).toBe(503);
    expect(await whoAnswered(ask({}, embeddings))).toBe(503);
    expect(provider.received).toHaveLength(before);
    expect(await whoAnswered(ask())).toBe("real");
  });

  describe("as every plugin", () => {
    behavesLikeEveryGateway({
      start: (ports) => startPlugin("haproxy", ports, () => [haproxy, "-db", "-f", "haproxy.cfg"]),
    });
  });
});

import { chmod, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { createServer as createHttp, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Check } from "../../../src/cli/doctor/types.ts";
import { runAt, runIn } from "../../support/io.ts";
import { startNode } from "../../support/node.ts";
import { findEnvoy, startEnvoy, startShipped, type Envoy } from "../../support/programs/envoy.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { describeWith } from "../../support/programs/missing.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** What the doctor finds, by the names of its checks. */
async function diagnose(config: object, ...args: string[]): Promise<ReadonlyMap<string, Check>> {
  const ports = { listen: { port: 0 }, admin: { port: 0 } };
  const files = { "c.json": JSON.stringify({ ...ports, ...config }) };
  const { out } = await runIn(files, ["doctor", "--config", "c.json", "--json", ...args]);
  return new Map((JSON.parse(out) as Check[]).map((check) => [check.name, check]));
}

async function provider(respond: RequestListener): Promise<string> {
  return `http://127.0.0.1:${await listening(createHttp(respond))}`;
}

test("all is well with an upstream that responds, whose clock agrees; it gets a HEAD without a key", async () => {
  const asked: string[] = [];
  const url = await provider(({ method, headers }, response) => {
    asked.push(`${method} ${headers.authorization ?? "without a key"}`);
    response.writeHead(421).end();
  });
  const checks = await diagnose({ upstreams: { openai: { url } } });
  expect(checks.get("upstream openai")).toEqual({
    name: "upstream openai",
    result: "ok",
    found: `${url} responds (421 to a HEAD without a key)`,
  });
  expect(checks.get("clock")?.result).toBe("ok");
  expect(asked).toEqual(["HEAD without a key"]);
});

test("a clock that is an hour off is found", async () => {
  const url = await provider((_request, response) => {
    response.writeHead(200, { date: new Date(Date.now() + 3_600_000).toUTCString() }).end();
  });
  const clock = (await diagnose({ upstreams: { openai: { url } } })).get("clock");
  expect(clock).toMatchObject({ result: "warn", found: expect.stringMatching(/differs .* by -3(?:599|600)\.\d s/) });
});

test.each([
  ["refuses connections", "http://127.0.0.1:1", /127\.0\.0\.1:1 refuses connections/],
  ["has a name that nobody knows", "https://no-such-host.invalid", /no-such-host\.invalid cannot be resolved/],
])("an upstream that %s is a failure with what to do", async (_what, url, found) => {
  const check = (await diagnose({ upstreams: { openai: { url } } })).get("upstream openai");
  expect(check).toMatchObject({ result: "fail", found: expect.stringMatching(found), next: expect.any(String) });
});

const tlsFolder = path.join(import.meta.dirname, "../../support/tls");

test("a certificate that is not trusted is a failure, and of one that is, the days are told", async () => {
  const [cert, key] = [
    await readFile(path.join(tlsFolder, "localhost.cert.pem")),
    await readFile(path.join(tlsFolder, "localhost.key.pem")),
  ];
  const port = await listening(createHttps({ cert, key }, (_request, response) => void response.end()));
  const url = `https://localhost:${port}`;
  const name = "upstream openai";
  expect((await diagnose({ upstreams: { openai: { url } } })).get(name)).toMatchObject({
    result: "fail",
    found: expect.stringMatching(/is not trusted \(.*\)$/),
    next: expect.stringContaining("tls.caFile"),
  });
  const tls = { caFile: path.join(tlsFolder, "localhost.cert.pem") };
  expect((await diagnose({ upstreams: { openai: { url, tls } } })).get(name)).toMatchObject({
    result: "ok",
    found: expect.stringMatching(/its certificate is good for \d+ days$/),
  });
  const wrong = { ...tls, serverName: "example.com" };
  expect((await diagnose({ upstreams: { openai: { url, tls: wrong } } })).get(name)).toMatchObject({
    result: "fail",
    found: expect.stringContaining("is for another name"),
  });
});

test("a port that another program has is a failure; one of a node that runs is none", async () => {
  const port = await listening(createServer());
  const taken = await diagnose({ listen: { host: "127.0.0.1", port } });
  expect(taken.get("traffic port")).toMatchObject({
    result: "fail",
    found: `127.0.0.1:${port} is in use by another program`,
    next: expect.stringContaining("listen.port"),
  });
  const node = await startNode();
  ends.push(() => node.stop());
  const ours = await diagnose({ listen: { host: "127.0.0.1", port: node.port }, admin: { port: node.app.adminPort } });
  for (const name of ["traffic port", "admin port"])
    expect(ours.get(name)).toMatchObject({ result: "ok", found: expect.stringContaining("a node runs here") });
});

test("a key that every user can read is found", async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  const config = JSON.stringify({ upstreams: { openai: { url: "http://127.0.0.1:1", apiKeyFile: "key" } } });
  await writeFile(path.join(folder, "stuntdouble.yaml"), config);
  await writeFile(path.join(folder, "key"), "sk-1");
  await chmod(path.join(folder, "key"), 0o644);
  const { out } = await runAt(folder, ["doctor"]);
  expect(out).toMatch(/^warn {2}key +every user of this machine can read it\n +→ chmod 600 key/m);
  await chmod(path.join(folder, "key"), 0o600);
  expect((await runAt(folder, ["doctor"])).out).toMatch(/^ok {4}key /m);
});

test.each([
  [{ host: "0.0.0.0", port: 0 }, "fail", /has no token$/],
  [{ host: "0.0.0.0", port: 0, tokenEnv: "TOKEN" }, "warn", /can be guessed/],
  [{ port: 0 }, "ok", /for this machine only/],
])("the admin API at %j is %s", async (admin, result, found) => {
  const files = { "c.json": JSON.stringify({ listen: { port: 0 }, admin }) };
  const ran = await runIn(files, ["doctor", "--config", "c.json", "--json"], { env: { TOKEN: "hunter2" } });
  expect(ran.out).not.toContain("hunter2");
  const check = (JSON.parse(ran.out) as Check[]).find(({ name }) => name === "admin API");
  expect([check?.result, ran.code]).toEqual([result, result === "fail" ? 1 : 0]);
  expect(check?.found).toMatch(found);
});

test("a configuration with errors is a failure that names the first, and the command that shows all", async () => {
  const { code, out } = await runIn({ "stuntdouble.yaml": "wrong: 1\n" }, ["doctor"]);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^fail {2}configuration {2}it has 1 error: stuntdouble\.yaml:1:1 wrong: .*\n +→ stuntdouble check stuntdouble\.yaml/,
  );
});

describeWith("envoy", findEnvoy(), "at a real Envoy", (place) => {
  const aboutEnvoy = (checks: ReadonlyMap<string, Check>): Check[] =>
    [...checks.values()].filter(({ name }) => /^(?:ext_proc|cluster|routes)/.test(name));
  const wrongAt = async (envoy: Envoy): Promise<string[]> => {
    ends.push(() => envoy.stop());
    const checks = aboutEnvoy(await diagnose({}, "--envoy", envoy.adminUrl));
    expect(checks.length).toBeGreaterThan(8);
    return checks.flatMap(({ name, result, found }) => (result === "ok" ? [] : [`${result} ${name}: ${found}`]));
  };

  test.each(["ext-proc.yaml", "fail-open.yaml"])("all is well with envoy/%s", async (file) => {
    expect(await wrongAt(await startShipped(place, file, { sidecar: 1, provider: 1 }))).toEqual([]);
  });

  test("what is bent is found", async () => {
    const filter = {
      message_timeout: undefined,
      allow_mode_override: false,
      mutation_rules: undefined,
      metadata_options: undefined,
      request_attributes: undefined,
    };
    const wrong = await wrongAt(await startEnvoy(place, { extProcPort: 1, filter }));
    for (const part of ["processing_mode", "message_timeout", "mutation_rules"])
      expect(wrong).toContainEqual(expect.stringMatching(new RegExp(`^fail ext_proc: ${part}: `)));
    for (const part of ["metadata_options", "request_attributes", "failure_mode_allow"])
      expect(wrong).toContainEqual(expect.stringMatching(new RegExp(`^warn ext_proc: ${part}: `)));
    expect(wrong).toContainEqual(expect.stringMatching(/^warn cluster \S+: health_checks: /));
  });
});

test("an Envoy that is not there is a failure, and what is no URL an invalid argument", async () => {
  const ran = await runIn({}, ["doctor", "--envoy", `http://127.0.0.1:${await freePort()}`]);
  expect([ran.code, ran.out]).toEqual([1, expect.stringMatching(/^fail {2}Envoy .*ECONNREFUSED/m)]);
  expect((await runIn({}, ["doctor", "--envoy", "9901"])).code).toBe(2);
});

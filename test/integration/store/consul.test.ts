import { mkdtemp, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { runAt } from "../../support/io.ts";
import { nodeConfig, until } from "../../support/node.ts";
import { consulName, startConsul, type Consul } from "../../support/programs/consul.ts";
import { freePort } from "../../support/programs/gateway.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

const token = "5c1a2b3d-0000-4000-8000-0123456789ab";
const env = { CONSUL_TOKEN: token };

let consul: Consul;
beforeAll(async () => void (consul = await startConsul({ token })), 90_000);
afterAll(() => consul.stop());

const programs: Program[] = [];
afterEach(async () => {
  for (const program of programs.splice(0)) if ((await program.stop()) !== 0) throw new Error("The program failed.");
});

/** The text of a configuration in which one rule takes everything. */
const textOf = (name: string, more: object = {}): string =>
  JSON.stringify(nodeConfig({ rules: [{ name, serve: "simulate", profile: "instant" }], ...more }));

const makeFolder = async (): Promise<string> => await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
const urlOf = (key: string, port = consul.port): string => `consul://127.0.0.1:${port}/${key}?token-env=CONSUL_TOKEN`;

async function start(url: string, cache: string): Promise<Program> {
  const program = await startProgram({}, env, 1, ["--config", url, "--config-cache", cache]);
  programs.push(program);
  return program;
}

const ruleOf = async ({ port }: Program): Promise<string | undefined> => {
  const request = postText("/v1/chat/completions", chatBody(), ["connection: close"]);
  return (await rawRequest(port, request)).headers["x-stuntdouble-rule"];
};
const untilRule = (program: Program, name: string) =>
  until(`rule ${name}`, async () => ((await ruleOf(program)) === name ? true : undefined));

type Status = {
  readonly generation: number;
  readonly hash: string;
  readonly source: {
    readonly from: string;
    readonly at: string;
    readonly version: string;
    readonly reachable: boolean;
    readonly copy: boolean;
    readonly error?: string;
  };
};
const statusOf = (program: Program) => program.admin<Status>("/admin/v1/status");

const lines = (program: Program, message: RegExp): Record<string, unknown>[] =>
  program
    .logLines()
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => message.test(String(msg)));

/** Lines are written in batches. */
const firstLine = (program: Program, message: RegExp): Promise<Record<string, unknown>> =>
  until(`a line with ${String(message)}`, async () => lines(program, message).at(0));

describe(`a configuration in ${consulName}`, () => {
  test("is what two nodes start with; a change reaches both, with one version and one hash", async () => {
    await consul.put("change/stuntdouble.yaml", textOf("old"));
    const cache = await makeFolder();
    const nodes = [await start(urlOf("change/"), cache), await start(urlOf("change/"), cache)];
    for (const node of nodes) expect(await ruleOf(node)).toBe("old");
    await consul.put("change/stuntdouble.yaml", textOf("new"));
    for (const node of nodes) await untilRule(node, "new");
    const [one, other] = [await statusOf(nodes[0]!), await statusOf(nodes[1]!)];
    expect(one).toMatchObject({
      generation: 2,
      source: { from: "consul", at: `consul://127.0.0.1:${consul.port}/change/stuntdouble.yaml`, reachable: true },
    });
    expect([other.hash, other.source.version]).toEqual([one.hash, one.source.version]);
    const info = `stuntdouble_config_info{source="consul",hash="${one.hash}"}`;
    expect(await nodes[0]!.metric(info)).toBe(1);
    expect(await nodes[0]!.metric('stuntdouble_config_store_up{source="consul"}')).toBe(1);
    const [reload] = await until("the log line", () => {
      const found = lines(nodes[0]!, /configuration in force/);
      return found.length > 0 ? found : undefined;
    });
    expect(reload).toMatchObject({ from: "consul", hash: one.hash });
  });

  test("is refused by all where it is bad, with the reason, and the next good one is taken", async () => {
    await consul.put("bad/stuntdouble.yaml", textOf("good"));
    const cache = await makeFolder();
    const nodes = [await start(urlOf("bad/"), cache), await start(urlOf("bad/"), cache)];
    await consul.put("bad/stuntdouble.yaml", "rules:\n  - { name: bad, serve: forwrd }\n");
    for (const node of nodes) {
      const [refusal] = await until("the refusal", () => {
        const found = lines(node, /the old one stays in force/);
        return found.length > 0 ? found : undefined;
      });
      expect(String(refusal!["errors"])).toMatch(
        /^consul:\/\/127.0.0.1:\d+\/bad\/stuntdouble\.yaml:2:\d+ rules\[0\]\.serve/,
      );
      expect(await ruleOf(node)).toBe("good");
      expect(await node.metric("stuntdouble_config_last_reload_ok")).toBe(0);
      expect((await statusOf(node)).source.error).toMatch(/rules\[0\]\.serve/);
    }
    await consul.put("bad/stuntdouble.yaml", textOf("better"));
    for (const node of nodes) await untilRule(node, "better");
    expect((await statusOf(nodes[0]!)).source.error).toBeUndefined();
  });

  test("brings its profiles and replies along, and says which keys it does not use", async () => {
    const profile = (tokens: number) =>
      JSON.stringify({
        name: "mine",
        ttftMs: { kind: "constant", value: 0 },
        itlMs: { kind: "constant", value: 0 },
        outputTokens: { kind: "constant", value: tokens },
      });
    await consul.put("tree/profiles/mine.yaml", profile(1));
    await consul.put("tree/notes.md", "not read by anything");
    const action = { serve: "simulate", profile: "mine" };
    await consul.put("tree/stuntdouble.yaml", JSON.stringify(nodeConfig({ profiles: "profiles", default: action })));
    const node = await start(urlOf("tree/"), await makeFolder());
    const untilTokens = (count: number) =>
      until(`${count} tokens`, async () => {
        const request = postText("/v1/chat/completions", chatBody(), ["connection: close"]);
        const { usage } = JSON.parse((await rawRequest(node.port, request)).body) as {
          usage: { completion_tokens: number };
        };
        return usage.completion_tokens === count ? true : undefined;
      });
    await untilTokens(1);
    const unused = await firstLine(node, /keys of the configuration store that/);
    expect(String(unused["unused"])).toMatch(/\/tree\/notes\.md/);
    await consul.put("tree/profiles/mine.yaml", profile(5));
    expect(await untilTokens(5)).toBe(true);
  });

  test("brings its experiments along, each a key of its own", async () => {
    const experiment = (status: number) =>
      JSON.stringify({
        name: "outage",
        durationMs: 60_000,
        percentage: 100,
        match: {},
        faults: [{ kind: "status", status }],
      });
    await consul.put("lab/experiments/outage.yaml", experiment(503));
    await consul.put("lab/stuntdouble.yaml", JSON.stringify(nodeConfig({ chaos: { dir: "experiments" } })));
    const node = await start(urlOf("lab/"), await makeFolder());
    const started = async (): Promise<unknown> => {
      const body = JSON.stringify({ configured: "outage" });
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${node.adminUrl}/admin/v1/experiments`, { method: "POST", headers, body });
      return await response.json();
    };
    expect(await started()).toMatchObject({ name: "outage", state: "running" });
    await consul.put("lab/experiments/outage.yaml", experiment(99));
    const refusal = await firstLine(node, /the old one stays in force/);
    expect(String(refusal["errors"])).toMatch(/\/lab\/experiments\/outage\.yaml:1:\d+ faults\[0\]\.status/);
  });

  test("that is deleted stays in force, and comes back when it is written again", async () => {
    await consul.put("gone.yaml", textOf("kept"));
    const node = await start(urlOf("gone.yaml"), await makeFolder());
    await consul.remove("gone.yaml");
    const { source } = await until("the error", async () => {
      const status = await statusOf(node);
      return status.source.error === undefined ? undefined : status;
    });
    expect(source.error).toMatch(/gone\.yaml: there is no such key/);
    expect(await ruleOf(node)).toBe("kept");
    await consul.put("gone.yaml", textOf("again"));
    await untilRule(node, "again");
  });

  test("is read again by SIGHUP", async () => {
    await consul.put("hangup.yaml", textOf("same"));
    const node = await start(urlOf("hangup.yaml"), await makeFolder());
    node.hangUp();
    const [reload] = await until("the reload", () => {
      const found = lines(node, /configuration in force/);
      return found.length > 0 ? found : undefined;
    });
    expect(reload).toMatchObject({ from: "SIGHUP", changed: [] });
  });

  test("can be checked and explained without a node", async () => {
    await consul.put("check/stuntdouble.yaml", textOf("fine"));
    const folder = await makeFolder();
    const good = await runAt(folder, ["check", urlOf("check/")], { env });
    expect(good).toMatchObject({ code: 0, err: "" });
    expect(good.out).toMatch(/^consul:\/\/127\.0\.0\.1:\d+\/check\/stuntdouble\.yaml: ok \(1 rule/);
    await writeFile(path.join(folder, "request.json"), chatBody());
    const explained = await runAt(folder, ["explain", "--config", urlOf("check/"), "--request", "request.json"], {
      env,
    });
    expect(explained).toMatchObject({ code: 0, err: "" });
    expect(explained.out).toContain("fine");
    await consul.put("check/stuntdouble.yaml", "sead: 1");
    const bad = await runAt(folder, ["check", urlOf("check/")], { env });
    expect(bad.code).toBe(2);
    expect(bad.out).toMatch(/^consul:\/\/.*\/check\/stuntdouble\.yaml:1:1 sead: .*Did you mean "seed"\?/);
  });
});

describe(`a node that cannot have its configuration from ${consulName}`, () => {
  test("does not start without a copy, and says why", async () => {
    const port = await freePort();
    const ran = await runAt(await makeFolder(), ["start", "--config", urlOf("a/", port)], { env });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/^consul:\/\/127\.0\.0\.1:\d+\/a\/stuntdouble\.yaml: cannot be read: connect ECONNREFUSED/);
  }, 60_000);

  test("does not start with a token that has no rights, and never shows it", async () => {
    await consul.put("secret.yaml", textOf("hidden"));
    const wrong = "9e9e9e9e-1111-4111-8111-abcdefabcdef";
    const ran = await runAt(await makeFolder(), ["start", "--config", urlOf("secret.yaml")], {
      env: { CONSUL_TOKEN: wrong },
    });
    expect(ran.code).toBe(2);
    expect(ran.err).toMatch(/secret\.yaml: cannot be read: it responds 403: /);
    expect(ran.err + ran.out).not.toContain(wrong);
  });

  test("does not start where the key is missing, and says what there is", async () => {
    await consul.put("other/staging.yaml", "{}");
    const folder = await makeFolder();
    const tree = await runAt(folder, ["start", "--config", urlOf("other/")], { env });
    expect(tree.code).toBe(2);
    expect(tree.err).toMatch(/\/other\/stuntdouble\.yaml: there is no such key, only staging\.yaml; file=NAME/);
    const key = await runAt(folder, ["start", "--config", urlOf("other")], { env });
    expect(key.err).toMatch(
      /there is no such key, or the token may not read it; where it is a tree, its path ends with \//,
    );
  });

  test("starts with its last good copy, says so, and follows Consul when that is back", async () => {
    const cache = await makeFolder();
    const own = await startConsul({ token });
    await own.put("copy/stuntdouble.yaml", textOf("copied"));
    const before = await start(urlOf("copy/", own.port), cache);
    expect(await before.metric('stuntdouble_config_from_copy{source="consul"}')).toBe(0);
    await programs.pop()!.stop();
    await own.stop();

    const [copy] = await readdir(cache);
    expect((await stat(path.join(cache, copy!))).mode & 0o777).toBe(0o600);
    expect(await readFile(path.join(cache, copy!), "utf8")).not.toContain(token);

    const node = await start(urlOf("copy/", own.port), cache);
    expect(await ruleOf(node)).toBe("copied");
    expect(await node.metric('stuntdouble_config_from_copy{source="consul"}')).toBe(1);
    expect((await statusOf(node)).source).toMatchObject({
      copy: true,
      reachable: false,
      error: expect.stringMatching(/cannot be read: connect ECONNREFUSED/),
    });
    const told = await firstLine(node, /the last good copy of the configuration is in force/);
    expect(told).toMatchObject({ level: "warn", reason: expect.stringMatching(/ECONNREFUSED/) });

    const back = await startConsul({ token, port: own.port });
    try {
      await back.put("copy/stuntdouble.yaml", textOf("fresh"));
      await untilRule(node, "fresh");
      expect((await statusOf(node)).source).toMatchObject({ copy: false, reachable: true });
      expect(node.logLines().join("\n")).not.toContain(token);
    } finally {
      await back.stop();
    }
  }, 180_000);

  test("goes on when Consul goes while it runs, and says so once", async () => {
    const own = await startConsul({ token });
    await own.put("running.yaml", textOf("running"));
    const node = await start(urlOf("running.yaml", own.port), await makeFolder());
    await own.stop();
    await until("the metric", async () =>
      (await node.metric('stuntdouble_config_store_up{source="consul"}')) === 0 &&
      (await node.metrics()).includes("stuntdouble_config_store_up")
        ? true
        : undefined,
    );
    expect(await ruleOf(node)).toBe("running");
    expect(lines(node, /the configuration store cannot be read; the configuration stays/).length).toBeLessThanOrEqual(
      2,
    );
  }, 120_000);
});

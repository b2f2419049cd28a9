import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { nodeConfig, until } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";
import { chatResponse, hang, json, startUpstream, stepped } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";

let program: Program;
afterEach(async () => {
  const code = await program.stop();
  if (code !== 0) throw new Error(`The program ended with ${code}.`);
});

/** A configuration in which one rule takes everything. */
const named = (name: string, more: object = {}) => ({
  rules: [{ name, serve: "simulate", profile: "instant" }],
  ...more,
});
const ruleInForce = async (): Promise<string | undefined> =>
  (await rawRequest(program.port, postText(chat, chatBody(), ["connection: close"]))).headers["x-stuntdouble-rule"];
const untilRule = (name: string) =>
  until(`rule ${name}`, async () => ((await ruleInForce()) === name ? true : undefined));
const generation = () => program.metric("stuntdouble_config_generation");

test("a changed file takes effect without a restart, and no request of a running loop is lost", async () => {
  program = await startProgram(named("rule-0"));
  const asking = new AbortController();
  const statuses = new Map<number, number>();
  const rules = new Set<string | null>();
  const loop = async (stream: boolean): Promise<void> => {
    while (!asking.signal.aborted) {
      const response = await fetch(program.url + chat, { method: "POST", body: chatBody({ stream }) });
      rules.add(response.headers.get("x-stuntdouble-rule"));
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      const text = await response.text();
      expect(text.includes(stream ? "[DONE]" : "finish_reason")).toBe(true);
    }
  };
  const loops = [loop(false), loop(true), loop(false)];
  for (let number = 1; number <= 5; number += 1) {
    await program.write(named(`rule-${number}`));
    await until("the new rule", () => (rules.has(`rule-${number}`) ? true : undefined));
  }
  asking.abort();
  await Promise.all(loops);
  expect([...statuses.keys()]).toEqual([200]);
  expect([...rules]).toEqual(["rule-0", "rule-1", "rule-2", "rule-3", "rule-4", "rule-5"]);
  expect(await generation()).toBe(6);
  expect(await program.metric('stuntdouble_config_reloads_total{result="success"}')).toBe(5);
  const told = () => program.logLines().filter((line) => line.includes("configuration in force"));
  await until("five log lines", () => (told().length === 5 ? true : undefined));
});

test("a bad file changes nothing, and log and metrics say why", async () => {
  program = await startProgram(named("good"));
  await writeFile(program.file, "rules:\n  - { name: bad, serve: forwrd }\nlisten: { prot: 1 }\n");
  await until("the refusal", async () =>
    (await program.metric('stuntdouble_config_reloads_total{result="error"}')) === 1 ? true : undefined,
  );
  expect(await ruleInForce()).toBe("good");
  expect(await program.metric("stuntdouble_config_last_reload_ok")).toBe(0);
  expect(await generation()).toBe(1);
  const refusal = await until("the log line", () =>
    program.logLines().find((line) => line.includes("the old one stays in force")),
  );
  const { errors, level } = JSON.parse(refusal) as { errors: string[]; level: unknown };
  expect(level).toBe("error");
  expect(errors.join("\n")).toMatch(/stuntdouble\.yaml:2:\d+.*rules\[0\]\.serve/);
  expect(errors.join("\n")).toMatch(/stuntdouble\.yaml:3:\d+.*prot/);

  await program.write(named("better"));
  await untilRule("better");
  expect(await program.metric("stuntdouble_config_last_reload_ok")).toBe(1);
  expect(await generation()).toBe(2);
});

test("a file that is gone, or half written, changes nothing either", async () => {
  program = await startProgram(named("good"));
  await rm(program.file);
  await until("the refusal", async () =>
    (await program.metric('stuntdouble_config_reloads_total{result="error"}')) === 1 ? true : undefined,
  );
  await writeFile(program.file, '{ "rules": [ { "name": "ha');
  await until("the second refusal", async () =>
    (await program.metric('stuntdouble_config_reloads_total{result="error"}')) === 2 ? true : undefined,
  );
  expect(await ruleInForce()).toBe("good");
  await program.write(named("back"));
  await untilRule("back");
});

test("a file that is replaced by another one takes effect, by renaming and by a link as in Kubernetes", async () => {
  program = await startProgram(named("first"));
  const next = path.join(path.dirname(program.file), "next.yaml");
  await writeFile(next, JSON.stringify(nodeConfig(named("renamed"))));
  await rename(next, program.file);
  await untilRule("renamed");
  await writeFile(next, JSON.stringify(nodeConfig(named("linked"))));
  const link = path.join(path.dirname(program.file), "link");
  await symlink(next, link);
  await rename(link, program.file);
  await untilRule("linked");
  expect(await generation()).toBe(3);
});

test("the admin API and SIGHUP load the file as well, and the admin API tells the errors", async () => {
  program = await startProgram(named("first"));
  const post = async () => await fetch(`${program.adminUrl}/admin/v1/reload`, { method: "POST" });
  const good = await post();
  const hash: unknown = expect.stringMatching(/^[0-9a-f]{12}$/);
  expect([good.status, await good.json()]).toEqual([200, { generation: 2, hash }]);
  program.hangUp();
  await until("a third generation", async () => ((await generation()) === 3 ? true : undefined));
  await writeFile(program.file, "rules: 5\n");
  const bad = await post();
  expect(bad.status).toBe(422);
  expect(await bad.json()).toMatchObject({ status: 422, errors: [expect.stringContaining("rules") as string] });
  expect(await ruleInForce()).toBe("first");
});

test("calls under way and in the queue keep the upstream they were meant for, new ones go to the new one", async () => {
  const steps = stepped();
  const old = await startUpstream(steps.script);
  const fresh = await startUpstream(json(chatResponse("from the new one")));
  const config = (url: string) => ({
    upstreams: { openai: { url } },
    default: { serve: "forward" },
    permits: { max: 1, queue: 10, queueTimeoutMs: 20_000 },
  });
  program = await startProgram(config(old.url));
  const first = await rawConnect(program.port);
  first.socket.write(postText(chat, chatBody({ stream: true }), ["connection: close"]));
  await steps.send("data: one\n\n");
  await until("the stream", () => (first.text().includes("one") ? true : undefined));
  old.script(json(chatResponse("from the old one")));
  const queued = rawRequest(program.port, postText(chat, chatBody(), ["connection: close"]));
  await until("the queue", async () => ((await program.metric("stuntdouble_queue_depth")) === 1 ? true : undefined));
  await program.write(config(fresh.url));
  await until("the new configuration", async () => ((await generation()) === 2 ? true : undefined));
  await steps.send("data: two\n\n");
  await steps.end();
  expect((await first.response()).body).toBe("data: one\n\ndata: two\n\n");
  expect(await queued).toMatchObject({ status: 200, body: expect.stringContaining("from the old one") as string });
  const after = await rawRequest(program.port, postText(chat, chatBody(), ["connection: close"]));
  expect(after.body).toContain("from the new one");
  await until("the old connections to close", () => (old.connections() === 0 ? true : undefined));
  await old.stop();
  await fresh.stop();
});

test("an upstream that does not change keeps its connections and its breaker", async () => {
  const upstream = await startUpstream(json({}, { status: 500 }));
  const config = (name: string) => ({
    upstreams: { openai: { url: upstream.url, breaker: { minimumCalls: 2, resetMs: 60_000 } } },
    rules: [{ name, serve: "forward" }],
  });
  program = await startProgram(config("one"));
  for (let count = 0; count < 2; count += 1) await ruleInForce();
  expect(await program.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "open" } });
  await program.write(config("two"));
  await untilRule("two");
  expect(await program.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "open" } });
  await upstream.stop();
});

test("an API key in a file is renewed when the file changes, and the upstream keeps its connections and its breaker", async () => {
  const upstream = await startUpstream(json({}, { status: 500 }));
  const file = path.join(await mkdtemp(path.join(tmpdir(), "stuntdouble-")), "key");
  await writeFile(file, "sk-old\n");
  const breaker = { minimumCalls: 100, consecutiveFailures: 3 };
  const upstreams = { openai: { url: upstream.url, apiKeyFile: file, breaker } };
  program = await startProgram({ upstreams, rules: [{ name: "real", serve: "forward" }] });
  await ruleInForce();
  await writeFile(file, "sk-new\n");
  await until("the new generation", async () => ((await generation()) === 2 ? true : undefined));
  await ruleInForce();
  expect(upstream.received.map(({ headers }) => headers["authorization"])).toEqual(["Bearer sk-old", "Bearer sk-new"]);
  expect(upstream.connections()).toBe(1);
  await ruleInForce();
  expect(await program.admin("/admin/v1/status")).toMatchObject({ breakers: { openai: "open" } });
  await upstream.stop();
});

test("permits change at once, and what needs a restart is named in the log", async () => {
  const upstream = await startUpstream(hang);
  const config = (max: number, idleMs: number) => ({
    permits: { max, queue: 5 },
    upstreams: { openai: { url: upstream.url } },
    listen: { idleMs },
  });
  program = await startProgram(config(10, 1000));
  await program.write(config(20, 2000));
  await until("the new limit", async () => ((await program.metric("stuntdouble_limit")) === 20 ? true : undefined));
  expect(await program.admin("/admin/v1/status")).toMatchObject({ permits: { max: 20, available: 20 } });
  const told = await until("the log line", () =>
    program.logLines().find((line) => line.includes("takes effect after a restart")),
  );
  expect(JSON.parse(told)).toMatchObject({ path: "listen" });
  await upstream.stop();
});

test("a configuration that turns out to be too large for this process changes nothing at all", async () => {
  program = await startProgram(named("good", { permits: { max: 10 } }));
  const keys = Array.from({ length: 100 }, (_, index) => ({
    name: `key-${index}`,
    sha256: index.toString(16).padStart(64, "0"),
    requestsPerMinute: 5,
  }));
  await program.write(named("too-large", { permits: { max: 50 }, auth: { keys } }));
  await until("the refusal", async () =>
    (await program.metric('stuntdouble_config_reloads_total{result="error"}')) === 1 ? true : undefined,
  );
  expect(await ruleInForce()).toBe("good");
  expect(await program.admin("/admin/v1/status")).toMatchObject({ permits: { max: 10, available: 10 } });
});

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { storeAddress } from "../../../src/config/store/address.ts";
import { openEtcd } from "../../../src/config/store/etcd.ts";
import { runAt } from "../../support/io.ts";
import { nodeConfig, until } from "../../support/node.ts";
import { startEtcd, type Etcd } from "../../support/programs/etcd.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

/** The text of a configuration in which one rule takes everything. */
const textOf = (name: string, more: object = {}): string =>
  JSON.stringify(nodeConfig({ rules: [{ name, serve: "simulate", profile: "instant" }], ...more }));

describeWith("etcd", findProgram("etcd", "STUNTDOUBLE_ETCD"), "a configuration in etcd", (program) => {
  let etcd: Etcd;
  let node: Program | undefined;
  beforeAll(async () => void (etcd = await startEtcd(program)), 60_000);
  afterAll(() => etcd.stop());
  afterEach(async () => {
    const code = await node?.stop();
    node = undefined;
    if (code !== undefined && code !== 0) throw new Error(`The program ended with ${code}.`);
  });

  const urlOf = (key: string, more = ""): string => `etcd://127.0.0.1:${etcd.port}/${key}${more}`;
  const start = async (url: string, env: Record<string, string> = {}): Promise<void> => {
    const cache = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
    node = await startProgram({}, env, 1, ["--config", url, "--config-cache", cache]);
  };
  const ruleOf = async (): Promise<string | undefined> => {
    const request = postText("/v1/chat/completions", chatBody(), ["connection: close"]);
    return (await rawRequest(node!.port, request)).headers["x-stuntdouble-rule"];
  };
  const untilRule = (name: string) => until(`rule ${name}`, async () => ((await ruleOf()) === name ? true : undefined));

  test("is followed: changes, a bad one, and the end of its key", async () => {
    await etcd.put("app/stuntdouble.yaml", textOf("old"));
    await etcd.put("app2/stuntdouble.yaml", "not ours");
    await start(urlOf("app/"));
    expect(await ruleOf()).toBe("old");
    await etcd.put("app/stuntdouble.yaml", textOf("new"));
    await untilRule("new");
    await etcd.put("app/stuntdouble.yaml", "sead: 1");
    await until("the refusal", async () =>
      (await node!.metric("stuntdouble_config_last_reload_ok")) === 0 ? true : undefined,
    );
    expect(await ruleOf()).toBe("new");
    await etcd.remove("app/stuntdouble.yaml");
    await until("the second refusal", async () =>
      (await node!.metric('stuntdouble_config_reloads_total{result="error"}')) === 2 ? true : undefined,
    );
    await etcd.put("app/stuntdouble.yaml", textOf("again"));
    await untilRule("again");
    expect(await node!.admin("/admin/v1/status")).toMatchObject({ source: { from: "etcd", reachable: true } });
  }, 60_000);

  test("is one key where its path has no slash at its end", async () => {
    await etcd.put("one.yaml", textOf("one"));
    await start(urlOf("one.yaml"));
    await etcd.put("one.yaml", textOf("two"));
    expect(await untilRule("two")).toBe(true);
  });

  test("is read anew where etcd has forgotten what was known", async () => {
    await etcd.put("compacted.yaml", "seed: 1");
    const store = openEtcd(storeAddress(urlOf("compacted.yaml"), {}));
    const { signal } = new AbortController();
    const { version } = await store.read(undefined, signal);
    await etcd.put("compacted.yaml", "seed: 2");
    await etcd.put("compacted.yaml", "seed: 3");
    await etcd.compact();
    const { files } = await store.read(version, signal);
    expect(new TextDecoder().decode(files.get("compacted.yaml"))).toBe("seed: 3");
    await store.close();
  });

  test("is read with a user and a password, and refused without them", async () => {
    const own = await startEtcd(program);
    try {
      await own.put("safe.yaml", textOf("safe"));
      await own.requireUser("root", "s3cr3t-word");
      const url = `etcd://127.0.0.1:${own.port}/safe.yaml`;
      const cwd = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
      const refused = await runAt(cwd, ["check", url]);
      expect([refused.code, refused.out]).toEqual([2, expect.stringMatching(/cannot be read: it responds 4\d\d: /)]);
      const env = { WORD: "s3cr3t-word", WRONG: "s3cr3t-wrong" };
      const wrong = await runAt(cwd, ["check", `${url}?user=root&password-env=WRONG`], { env });
      expect([wrong.code, wrong.out.includes("s3cr3t")]).toEqual([2, false]);
      await start(`${url}?user=root&password-env=WORD`, env);
      await own.put("safe.yaml", textOf("changed"));
      await untilRule("changed");
      expect(node!.logLines().join("\n")).not.toContain("s3cr3t");
    } finally {
      await own.stop();
    }
  }, 60_000);
});

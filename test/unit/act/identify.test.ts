import { describe, expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { forwarding, setUpAct } from "../../support/act.ts";

const auth = { mode: "identify", keys: [{ name: "team-a", env: "TEAM_A" }] } as const;
const env = { TEAM_A: "sk-team-a" };
const config = {
  ...forwarding,
  auth,
  rules: [{ name: "limited", match: { key: "team-a" }, serve: "forward", faults: [{ kind: "status", status: 429 }] }],
} as const;

describe("keys that identify", () => {
  test("a fault for one key leaves all other calls untouched", async () => {
    const act = await setUpAct(config, { env });
    const theirs = act.serve({ headers: { authorization: "Bearer sk-team-a" } });
    expect(theirs.outcome()).toMatchObject({ status: 429, keyName: "team-a", rule: "limited", mode: "fault" });
    for (const headers of [{ authorization: "Bearer sk-stranger" }, { "x-api-key": "sk-stranger" }, {}]) {
      const call = act.serve({ headers });
      call.upstream().json(200, {});
      expect(call.outcome()).toMatchObject({ status: 200, keyName: undefined, rule: "default", cause: undefined });
    }
  });

  test("callers' credentials go on as they came", async () => {
    const act = await setUpAct({ ...config, rules: [] }, { env });
    const call = act.serve({ headers: { authorization: "Bearer sk-team-a" } });
    expect(call.upstream().header("authorization")).toBe("Bearer sk-team-a");
    call.upstream().json(200, {});
  });

  test("an upstream with a key of its own gets that one instead", async () => {
    const upstreams = { openai: { url: "https://api.example.com", apiKeyEnv: "OURS" } };
    const act = await setUpAct({ ...config, rules: [], upstreams }, { env: { ...env, OURS: "sk-ours" } });
    const call = act.serve({ headers: { "x-api-key": "sk-team-a", authorization: "Bearer sk-team-a" } });
    expect(call.upstream().header("authorization")).toBe("Bearer sk-ours");
    expect(call.upstream().header("x-api-key")).toBeUndefined();
    call.upstream().json(200, {});
  });

  test("a known key has its own rate limit, all others have one together", async () => {
    const keys = [{ ...auth.keys[0], requestsPerMinute: 1 }];
    const act = await setUpAct({ auth: { ...auth, keys } }, { env });
    const ask = (key: string) =>
      act.serve({ headers: { authorization: `Bearer ${key}` }, method: "GET", path: "/v1/models" });
    const statuses = ["sk-team-a", "sk-team-a", "sk-stranger", "sk-stranger"].map((key) => ask(key).reply.status());
    expect(statuses).toEqual([200, 429, 200, 200]);
  });

  test("without `mode` a call still needs a key", async () => {
    const act = await setUpAct({ auth: { keys: auth.keys } }, { env });
    expect(act.serve().outcome()).toMatchObject({ status: 401, cause: "UNAUTHENTICATED" });
  });
});

test.each([
  [
    "a rule for a key where there are none",
    { rules: [{ name: "a", match: { key: "team-a" }, serve: "simulate" }] },
    /match\.key: needs a key in auth\.keys/,
  ],
  [
    "a rule for a key of another name",
    { auth: { keys: auth.keys }, rules: [{ name: "a", match: { key: "team-b*" }, serve: "simulate" }] },
    /no key in auth\.keys has such a name: "team-b\*"/,
  ],
  ["identification without keys", { auth: { mode: "identify" } }, /auth\.mode: needs a key in auth\.keys/],
])("%s is an error", async (_what, config, message) => {
  await expect(settingsOf(config, env)).rejects.toThrow(message);
});

test("a rule for keys by a glob is none", async () => {
  const rules = [{ name: "a", match: { key: "team-*" }, serve: "simulate" }];
  await expect(settingsOf({ auth: { keys: auth.keys }, rules }, env)).resolves.toBeDefined();
});

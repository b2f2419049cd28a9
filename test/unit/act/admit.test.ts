import { expect, test } from "vitest";
import { noChaos } from "../../../src/act/chaos.ts";
import { admit } from "../../../src/act/admission.ts";
import type { Request } from "../../../src/act/types.ts";
import { compile } from "../../../src/config/compile.ts";
import { settingsOf } from "../../../src/config/load.ts";
import { findOperation } from "../../../src/core/dialects/index.ts";
import type { FaultConfig, HeaderMap } from "../../../src/core/types.ts";
import { createProfileCache } from "../../../src/limits/profile-cache.ts";

const route = "/v1/chat/completions";
const text = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
const settings = await settingsOf({}, {});
const snapshot = compile(settings);
const profiles = createProfileCache({ profiles: settings.profiles, fallback: "default", max: 10 });
const kept = { keep: () => undefined, find: () => undefined, forget: () => false };
const deps = { chaos: noChaos, count: (said: string) => said.length, kept, pseudonym: "node-1" };

function asked(headers: HeaderMap = {}): Request {
  return {
    id: "call-1",
    method: "POST",
    target: route,
    route,
    headers,
    rawHeaders: [],
    client: "127.0.0.1",
    ...findOperation("POST", route, headers),
    body: { bytes: Buffer.from(text), text: () => text },
    bodyStream: undefined,
  };
}

/** What becomes of a call for which these faults are decided. */
function admitWith(faults: readonly FaultConfig[]) {
  const fallback = { ...snapshot.fallback, faults };
  return admit(asked(), deps, { snapshot: { ...snapshot, fallback }, keys: undefined, rates: undefined, profiles });
}

function admitFrom(headers: HeaderMap) {
  return admit(asked(headers), deps, { snapshot, keys: undefined, rates: undefined, profiles });
}

test("a request that names this node among those that forwarded it is refused", () => {
  for (const via of ["1.1 node-1", "1.0 fred, 2 node-1", "1.1 node-1 (a comment), 1.1 other"]) {
    expect(admitFrom({ via }).refusal).toMatchObject({ code: "LOOP_DETECTED", status: 508 });
  }
});

test("a request that others forwarded, or nobody, goes on", () => {
  for (const via of [undefined, "", "1.1 node-2, 2 fred"]) expect(admitFrom({ via }).refusal).toBeUndefined();
});

test("a key in the query counts only where the API has a parameter for it", () => {
  const hashOf = (target: string) => {
    const request = { ...asked(), target, ...findOperation("POST", target.split("?")[0] ?? "", {}) };
    return admit(request, deps, { snapshot, keys: undefined, rates: undefined, profiles }).call?.keyHash;
  };
  expect(hashOf("/v1beta/models/gemini-pro:generateContent?key=secret")).toBe("2bb80d537b1da3e3");
  expect(hashOf(`${route}?key=secret`)).toBeUndefined();
});

test("the faults of a decision are prepared in their order", () => {
  const admission = admitWith([
    { kind: "delay", ms: 10 },
    { kind: "cut", afterTokens: 3 },
  ]);
  expect(admission).toMatchObject({ faults: [{ kind: "delay" }, { kind: "cut" }] });
});

test("the same list of faults is prepared once", () => {
  const preparedFor = (faults: readonly FaultConfig[]) => Reflect.get(admitWith(faults), "faults") as unknown;
  const configs = [{ kind: "cut", afterTokens: 3 }];
  expect(preparedFor(configs)).toBe(preparedFor(configs));
  expect(preparedFor([...configs])).not.toBe(preparedFor(configs));
});

test("options that no check of the configuration has seen are refused each time", () => {
  const configs = [{ kind: "cut", afterTokens: -1 }];
  for (const attempt of [1, 2]) {
    expect(admitWith(configs).refusal, `attempt ${attempt}`).toMatchObject({ code: "CONFIG_INVALID" });
  }
});

/** Where a call to a path that cannot be simulated goes. */
async function servedAt(path: string, config: object, control: string) {
  const upstreams = { a: { url: "https://a.example.com" }, b: { url: "https://b.example.com" } };
  const given = compile(await settingsOf({ upstreams, control: { enabled: true }, ...config }, {}));
  const headers = control === "" ? {} : { "x-stuntdouble": control };
  const request = { ...asked(headers), target: path, route: path, ...findOperation("POST", path, headers) };
  const admission = admit(request, deps, { snapshot: given, keys: undefined, rates: undefined, profiles });
  return admission.refusal?.message ?? admission.decision?.serve;
}

const toB = { default: { serve: "forward", upstream: "b" } };

test.each([
  ["goes to the first upstream where the rule simulates", {}, "", "a"],
  ["goes to the upstream of its rule", toB, "", "b"],
  ["goes to the upstream that the control header names", {}, "upstream=b", "b"],
])("a path that cannot be simulated %s", async (_name, config, control, upstream) => {
  expect(await servedAt("/v1/audio/speech", config, control)).toEqual({ from: "upstream", upstream });
});

test("the control header cannot name an upstream for a call that is simulated", async () => {
  expect(await servedAt(route, {}, "upstream=b")).toMatch(/because this call is simulated/);
});

import { hash } from "node:crypto";
import * as fc from "fast-check";
import type { FaultConfig, HeaderMap } from "../../src/core/types.ts";
import { chat, type RequestWishes } from "./request.ts";
import type { ConfigObject } from "./settings.ts";

/** What the drawn configurations take from the variable TOKEN. */
export const token = "secret";
const key = "sk-mine";
const keys = [
  { name: "mine", sha256: hash("sha256", key) },
  { name: "other", sha256: hash("sha256", "sk-nobody") },
];

/** Some of the members, or all of them. */
const some = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>) => fc.record(members, { requiredKeys: [] });

/** One of the values in one of ten draws, else what is usual. */
function seldom<Value>(values: fc.Arbitrary<Value>, usual?: Value): fc.Arbitrary<Value | undefined> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: values });
}

const faults: fc.Arbitrary<FaultConfig[]> = fc.array(
  fc.constantFrom<FaultConfig>(
    { kind: "status", status: 429 },
    { kind: "status", status: 503 },
    { kind: "replace", status: 500 },
    { kind: "delay", ms: 20 },
    { kind: "cut", afterBytes: 5 },
    { kind: "cut" },
    { kind: "cut", percentage: 50 },
    { kind: "status", status: 529, percentage: 50 },
    { kind: "cut", where: "head" },
    { kind: "cut", afterMs: 0 },
    { kind: "cut", afterMs: 5 },
    { kind: "reset" },
    { kind: "hang" },
    { kind: "hang", where: "body" },
    { kind: "error-event", where: "head" },
  ),
  { maxLength: 2 },
);

const simulating = fc.record(
  { serve: fc.constant("simulate"), profile: fc.constantFrom("instant", "gpt-4o"), faults },
  { requiredKeys: ["serve"] },
);

const forwarding = (upstreams: readonly string[]) =>
  fc.record(
    {
      serve: fc.constant("forward"),
      upstream: fc.constantFrom(...upstreams),
      mirror: fc.constant("simulate"),
      faults,
    },
    { requiredKeys: ["serve", "upstream"] },
  );

const action = (upstreams: readonly string[]): fc.Arbitrary<ConfigObject> =>
  upstreams.length === 0 ? simulating : fc.oneof(simulating, forwarding(upstreams));

const match = (withKeys: boolean) =>
  some({
    route: fc.constantFrom("/v1/*", "/v1/chat/completions", "/v1/audio/*", "/api/*"),
    method: fc.constantFrom("GET", "POST"),
    model: fc.oneof(fc.constantFrom("steady", "gpt-*"), fc.constant(["steady", "other"])),
    header: fc.constantFrom({ "x-env": "staging" }, { "x-env": "*" }),
    ...(withKeys && { key: fc.constantFrom("mine", "other") }),
    stream: fc.boolean(),
    promptTokens: fc.constantFrom({ min: 9 }, { max: 20 }),
    lastUserMessage: fc.constant("H[ie]"),
    percentage: fc.constantFrom(0, 50, 100),
    percentageBy: fc.constantFrom("requestId", "header:x-env"),
  });

/** Few conditions at once, or no rule would ever match. */
const ruleOf = (upstreams: readonly string[], withKeys: boolean) =>
  fc
    .tuple(match(withKeys), fc.nat(), fc.nat({ max: 2 }), action(upstreams), fc.boolean())
    .map(([all, from, count, does, perAttempt]) => {
      const names = Object.keys(all);
      const kept =
        names.length === 0 ? [] : Array.from({ length: count }, (_, at) => names[(from + at) % names.length]);
      const drawn = kept.includes("percentage");
      const few = Object.entries(all).filter(([name]) => kept.includes(name) && (drawn || name !== "percentageBy"));
      return { ...does, match: Object.fromEntries(few), ...(drawn && { perAttempt }) };
    });

const control = fc.oneof(
  fc.constant({}),
  fc.record(
    {
      enabled: fc.constant(true),
      tokenEnv: fc.constant("TOKEN"),
      maxDelayMs: fc.constant(100),
      faults: fc.constant(["cut", "status"]),
    },
    { requiredKeys: ["enabled"] },
  ),
);

/** A configuration with up to two upstreams and three rules; about half of them have a key, a control header or a list of models. */
export const anyConfig: fc.Arbitrary<ConfigObject> = fc
  .tuple(fc.subarray(["one", "two"]), fc.boolean())
  .chain(([upstreams, withKeys]) =>
    fc
      .record({
        rules: fc.array(ruleOf(upstreams, withKeys), { maxLength: 3 }),
        fallback: action(upstreams),
        control,
        models: fc.option(fc.constant(["steady", "gpt-4o"]), { nil: undefined }),
        maxOutputTokens: fc.constantFrom(50, 100_000),
        rateLimit: fc.constantFrom({}, {}, { requestsPerMinute: 1 }, { tokensPerMinute: 5 }),
        seed: fc.nat(),
      })
      .map(({ rules, fallback, control: header, models, maxOutputTokens, ...rest }) => ({
        ...rest,
        upstreams: Object.fromEntries(upstreams.map((name) => [name, { url: `https://${name}.example.com` }])),
        auth: { keys: withKeys ? keys : [] },
        control: header,
        ...(models !== undefined && { models }),
        limits: { maxOutputTokens },
        rules: rules.map((rule, index) => ({ name: `rule-${index + 1}`, ...rule })),
        default: fallback,
      })),
  );

const messages = [{ role: "user", content: "Hi" }];

/** Method, path and a good body of what each dialect can do, and of some paths that nobody knows. */
const places: readonly (readonly [method: string, path: string, body: ConfigObject | undefined])[] = [
  ["POST", "/v1/chat/completions", chat()],
  ["POST", "/v1/chat/completions?a=1", chat()],
  ["POST", "/v1/completions", { model: "steady", prompt: "Hi" }],
  ["POST", "/v1/responses", { model: "steady", input: "Hi" }],
  ["GET", "/v1/responses/resp_1", undefined],
  ["POST", "/v1/embeddings", { model: "steady", input: "Hi" }],
  ["GET", "/v1/models", undefined],
  ["GET", "/v1/models/gpt-4o", undefined],
  ["POST", "/v1/messages", { model: "steady", max_tokens: 9, messages }],
  ["POST", "/v1/messages/count_tokens", { model: "steady", messages }],
  ["POST", "/api/chat", { model: "steady", messages }],
  ["POST", "/api/generate", { model: "steady", prompt: "Hi" }],
  ["POST", "/v1beta/models/steady:generateContent", { contents: [{ role: "user", parts: [{ text: "Hi" }] }] }],
  ["POST", "/v1beta/models/steady:streamGenerateContent?alt=sse", { contents: [{ parts: [{ text: "Hi" }] }] }],
  ["POST", "/openai/deployments/steady/chat/completions?api-version=2024-10-21", chat()],
  ["POST", "/v1/audio/speech", { model: "steady", input: "Hi" }],
  ["GET", "/v1/files", undefined],
  ["GET", "/", undefined],
];

/** Those of the headers that are there. */
const headersOf = (values: Readonly<Record<string, fc.Arbitrary<string | undefined>>>): fc.Arbitrary<HeaderMap> =>
  fc.record(values).map((all) => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));

const changes = some({
  model: fc.constantFrom("gpt-4o", "other", 5),
  stream: fc.constantFrom(true, false, "yes"),
  n: fc.constant(100),
  messages: fc.constantFrom([], "Hi"),
  seed: fc.constant(7),
});

const controlValue = fc.constantFrom(
  "simulate",
  "forward",
  "forward, upstream=two",
  "profile=instant",
  "simulate, profile=instant",
  "mirror",
  "seed=5",
  "tokens=7",
  "ttft=5",
  "ttft=5000",
  "fault=cut;after=1",
  "fault=status;status=500",
  "fault=replace",
  "fault=status;status=500;percentage=50",
  "fault=()",
  "speed=9",
  "simulate, forward",
  "fault=boom",
  "=",
  "upstream=one",
  "refusal",
);

const headers = headersOf({
  authorization: seldom(fc.constantFrom("Bearer sk-other", "Basic abc", undefined), `Bearer ${key}`),
  "x-api-key": seldom(fc.constantFrom(key, "sk-other")),
  "x-stuntdouble": fc.option(
    fc.oneof(
      controlValue,
      controlValue.map((value) => `${value}, token="${token}"`),
      controlValue.map((value) => `${value}, token="guess"`),
    ),
    { freq: 2, nil: undefined },
  ),
  "x-env": fc.constantFrom("staging", "live", undefined),
  "x-request-id": fc.oneof(fc.constantFrom("a", "b", "two words", "x".repeat(200), undefined), fc.uuid()),
  "anthropic-version": seldom(fc.constant(undefined), "2023-06-01"),
  "x-stainless-retry-count": fc.constantFrom("0", "1", undefined),
});

/** A request, good more often than not: of any dialect or of none, with and without key, control header and id. */
const anyRequest: fc.Arbitrary<RequestWishes> = fc
  .record({
    place: fc.constantFrom(...places),
    method: seldom(fc.constantFrom("GET", "POST", "DELETE", "PUT")),
    query: seldom(fc.constantFrom(`?key=${key}`, "?key=sk-other"), ""),
    changes: fc.oneof(
      fc.constant(undefined),
      seldom(changes),
      changes.map(({ stream }) => ({ stream: stream ?? true })),
    ),
    lacking: seldom(fc.constantFrom("messages", "model", "input")),
    instead: seldom(fc.constantFrom("{", "[]", "", "null", '{"model":5}')),
    headers,
  })
  .map(({ place: [ownMethod, path, good], method, query, changes: more, lacking, instead, headers: given }) => {
    const changed = good === undefined ? undefined : { ...good, ...more };
    const body = Object.fromEntries(Object.entries(changed ?? {}).filter(([name]) => name !== lacking));
    return {
      method: method ?? ownMethod,
      path: path.includes("?") ? path : path + query,
      headers: given,
      body: instead ?? (changed === undefined ? undefined : body),
    };
  });

/** A request as its client writes it: what stands in the request line, each header line, and the body as text. */
export type WrittenRequest = {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | undefined;
  /** The body is sent in that coding, and a header says so. */
  readonly coding?: "gzip" | "zstd" | undefined;
};

/** Headers by which a request is read in another way, or not at all. */
const oddHeaders = fc.constantFrom<WrittenRequest["headers"]>(
  { connection: "Upgrade", upgrade: "websocket" },
  { connection: "Upgrade", upgrade: "WebSocket", "sec-websocket-version": "13" },
  { connection: "Upgrade", upgrade: "h2c" },
  { "x-env": ["staging", "live"] },
  { "X-Env": "  staging\t" },
  { "x-env": "staging-é" },
  { "content-type": ["application/json", "text/plain"] },
  { authorization: [`Bearer ${key}`, "Bearer sk-other"] },
  { "x-request-id": ["a", "b"] },
  { "x-stuntdouble": ["simulate", "ttft=5"] },
  { host: ["localhost", "localhost"] },
  { host: [] },
  { host: "example.com:80" },
  { expect: "odd" },
  { expect: "100-continue" },
  { "transfer-encoding": "gzip" },
  { "transfer-encoding": "chunked" },
  { "transfer-encoding": "chunked", "content-length": "2" },
  { "content-length": "99999999999" },
  { "content-length": "two" },
  { "content-encoding": "gzip" },
  { "content-encoding": "lzma" },
  { "content-encoding": "identity" },
  { "x-large": "y".repeat(20_000) },
  { "x-nul": "a\0b" },
  { "bad name": "a" },
);

const oddTarget = fc.constantFrom<(target: string) => string>(
  (target) => `http://localhost${target}`,
  (target) => `http://elsewhere.example.com${target}`,
  (target) => `${target}?a b`,
  (target) => `${target}/é`,
  () => "*",
  () => "v1/models",
);

const oddBody = fc.constantFrom<(body: string) => string>(
  (body) => body.replace(/}$/, `,"max_tokens":1e400}`),
  (body) => body.replaceAll(/([,:{])/g, "$1\n  "),
  (body) => body.replace(/}$/, `,"path":"/x","method":"PUT","headers":{}}`),
  (body) => ` \n${body}\n`,
);

/** The same as its client writes it; every other one is odd in some way. */
export const anyWrittenRequest: fc.Arbitrary<WrittenRequest> = fc
  .record({
    request: anyRequest,
    odd: fc.boolean(),
    method: seldom(fc.constantFrom("post", "FOO", "HEAD", "OPTIONS", "PATCH")),
    retarget: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: oddTarget }),
    more: fc.oneof({ weight: 1, arbitrary: fc.constant({}) }, { weight: 2, arbitrary: oddHeaders }),
    rewrite: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: oddBody }),
    coding: seldom(fc.constantFrom("gzip", "zstd")),
  })
  .map(({ request, odd, method, retarget, more, rewrite, coding }) => {
    const { path: target = "/", headers: plain = {}, body } = request;
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const headers = Object.fromEntries(
      Object.entries(plain).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    );
    const written = { method: request.method ?? "POST", target, headers, body: text };
    if (!odd && coding !== undefined && text !== undefined && text !== "") {
      return { ...written, headers: { ...headers, "content-encoding": coding }, coding };
    }
    if (!odd) return written;
    return {
      method: method ?? ("upgrade" in more ? "GET" : written.method),
      target: retarget?.(target) ?? target,
      headers: { ...headers, ...more },
      body: text === undefined ? undefined : (rewrite?.(text) ?? text),
    };
  });

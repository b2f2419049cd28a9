import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Forecast } from "../../../src/node/explain/forecast.ts";
import { runIn } from "../../support/io.ts";

const config = `
upstreams: { openai: { url: "https://api.example.com/" } }
control: { enabled: true }
rules:
  - { name: staging, match: { header: { x-env: staging } }, serve: simulate, profile: gpt-4o }
  - { name: shadowed, match: { model: "gpt-4*", stream: false }, serve: forward, mirror: simulate, faults: [{ kind: cut, afterTokens: 12 }] }
  - { name: half, match: { percentage: 50 }, serve: simulate }
`;
const chat = { model: "gpt-4o", messages: [{ role: "user", content: "Hello" }] };

async function explain(request: unknown, text = config) {
  const files = { "s.yaml": text, "r.json": JSON.stringify(request) };
  const { code, out, err } = await runIn(files, ["explain", "--config", "s.yaml", "--request", "r.json", "--json"]);
  return { code, err, told: JSON.parse(out) };
}

test("a chat body alone is enough: each rule, each condition, and what would happen", async () => {
  const { code, out } = await runIn({ "s.yaml": config, "r.json": JSON.stringify(chat) }, [
    "explain",
    "--config",
    "s.yaml",
    "--request",
    "r.json",
  ]);
  expect(code).toBe(0);
  expect(out).toMatchInlineSnapshot(`
    "POST /v1/chat/completions
      request id explain, operation chat, model gpt-4o, stream no, prompt tokens 8

    rule staging: no match
      fail        header x-env: (none) (wanted "staging")

    rule shadowed: match
      pass        stream: false (wanted false)
      pass        model: "gpt-4o" (wanted "gpt-4*")

    rule half: not reached
      not reached percentage (wanted a draw below 0.5 by requestId)

    decided by shadowed
      forward to upstream openai (https://api.example.com)
      compare its timing with a simulation with profile gpt-4o
      inject fault cut {"afterTokens":12}
      header x-stuntdouble-decision: forward
      header x-stuntdouble-rule: shadowed
      header x-stuntdouble-fault: cut

    note: The request has no x-request-id. A real call gets a random one, so percentages by request id may fall otherwise; here it is "explain".
    "
  `);
});

test("method, path and headers of a request file count", async () => {
  const { told } = await explain({
    method: "POST",
    path: "/v1/chat/completions?x=1",
    headers: { "X-Env": "staging" },
    body: chat,
  });
  expect([told.decision.rule, told.request.route, told.happens]).toEqual([
    "staging",
    "/v1/chat/completions",
    ["simulate with profile gpt-4o"],
  ]);
});

const handshake = { connection: "Upgrade", upgrade: "websocket" };

test("a WebSocket is opened at the upstream, and faults do not bend it", async () => {
  const text = config.replace("control: { enabled: true }", "default: { serve: forward, faults: [{ kind: cut }] }");
  const { told } = await explain({ method: "GET", path: "/v1/models", headers: handshake }, text);
  expect(told).toMatchObject({
    request: { upgrade: true },
    happens: ["open a WebSocket at upstream openai (https://api.example.com)"],
    response: { headers: { "x-stuntdouble-decision": "forward" } },
    notes: expect.arrayContaining(["The fault cut has no effect on a WebSocket."]),
  });
});

test.each([
  ["a WebSocket where no upstream is", { method: "GET", path: "/v1/models", headers: handshake }, 404],
  ["another expectation than 100-continue", { headers: { expect: "odd" }, body: chat }, 417],
  ["a second Host", { headers: { host: ["a", "b"] }, body: chat }, 400],
  ["no Host", { headers: { host: [] }, body: chat }, 400],
  ["headers that are too large", { headers: { "x-a": "y".repeat(70_000) }, body: chat }, 431],
  ["a method in lower case", { method: "post", body: chat }, 400],
  ["a method that HTTP does not know", { method: "FOO", body: chat }, 400],
  ["a path with a space", { path: "/v1/models?a b", method: "GET" }, 400],
  ["a path with a letter beyond ASCII", { path: "/v1/é", method: "GET" }, 400],
  ["a transfer coding that is not understood", { headers: { "transfer-encoding": "gzip" }, body: chat }, 501],
  ["a URL of another host", { path: "http://example.com/v1/models", method: "GET" }, 400],
])("%s is told as the refusal that the server gives: %o gets %i", async (_, request, status) => {
  const { told } = await explain(request, "control: { enabled: true }");
  expect(told.response).toMatchObject({ status, headers: {} });
  expect(told.decision).toBeUndefined();
});

test("a URL of the server's own host is read as a path", async () => {
  const { told } = await explain({ method: "GET", path: "http://localhost/v1/models" }, "{}");
  expect([told.request.route, told.response.status]).toEqual(["/v1/models", 200]);
});

test.each([
  ["the first of two keys is the one that counts", { authorization: ["Bearer k", "Bearer no"] }, "keyed"],
  ["a value has no blanks around it", { authorization: "Bearer k", "x-u": "k " }, "trimmed"],
  ["letters beyond ASCII are bytes", { authorization: "Bearer k", "x-v": "é" }, "latin"],
  ["values of one name are joined", { authorization: "Bearer k", "x-w": ["a", "b"] }, "joined"],
])("headers are read as Node reads them: %s", async (_, headers, rule) => {
  const text = `
auth: { keys: [{ name: a, sha256: ${hash("sha256", "k")} }] }
rules:
  - { name: trimmed, match: { header: { x-u: "k" } }, serve: simulate }
  - { name: wrong, match: { header: { x-v: "é" } }, serve: simulate }
  - { name: latin, match: { header: { x-v: "Ã©" } }, serve: simulate }
  - { name: joined, match: { header: { x-w: "a, b" } }, serve: simulate }
  - { name: keyed, match: { header: { host: "*" } }, serve: simulate }
`;
  expect((await explain({ headers, body: chat }, text)).told.decision.rule).toBe(rule);
});

test.each([
  ["cut", {}],
  ["cut", { where: "head" }],
  ["reset", { afterMs: 0 }],
  ["hang", {}],
])("a fault before the head of a forwarded response leaves none: %s %o", async (kind, options) => {
  const rule = JSON.stringify({ serve: "forward", faults: [{ kind, ...options }] });
  const { told } = await explain(
    { body: chat },
    `upstreams: { a: { url: "https://a.example.com" } }\ndefault: ${rule}`,
  );
  expect(told.response).toEqual({ status: undefined, code: undefined, headers: {} });
  expect(told.happens).toContain("send nothing: a fault comes before the head of the response");
});

test("the status of an error in place of a forwarded response is told", async () => {
  const text = `
upstreams: { a: { url: "https://a.example.com" } }
default: { serve: forward, faults: [{ kind: replace, status: 504 }] }
`;
  expect((await explain({ body: chat }, text)).told.response.status).toBe(504);
});

test("what the control header asks of the simulator is said to have no effect where the call is forwarded", async () => {
  const { told } = await explain({ headers: { "x-stuntdouble": "forward, ttft=5" }, body: { ...chat, model: "o3" } });
  expect(told.happens).toEqual(["forward to upstream openai (https://api.example.com)"]);
  expect(told.notes).toContain("ttftMs of the control header has no effect on a call that is forwarded.");
});

test("the text of a simulated response has its status", async () => {
  const { out } = await runIn({ "r.json": JSON.stringify(chat) }, ["explain", "--request", "r.json"]);
  expect(out).toContain("simulate with profile gpt-4o\n  status 200\n  header x-stuntdouble-decision: simulate\n");
});

describe("the body is the bytes of the file", () => {
  const written = async (file: string, text = "{}") => {
    const files = { "s.yaml": text, "r.json": file };
    const { out, err } = await runIn(files, ["explain", "--config", "s.yaml", "--request", "r.json", "--json"]);
    return out === "" ? err : (JSON.parse(out) as Forecast);
  };
  const huge = JSON.stringify(chat).replace("{", `{"max_tokens":1e400,`);
  const pretty = JSON.stringify({ ...chat, user: "x".repeat(900) }, undefined, 40);

  test.each([
    ["a number that JavaScript cannot hold, alone", huge, "{}", 400],
    ["a number that JavaScript cannot hold, as a member", `{"body":${huge}}`, "{}", 400],
    ["blanks that make it too long, alone", pretty, "listen: { maxBodyBytes: 1024 }", 413],
    ["blanks that make it too long, as a member", `{"body": ${pretty}}`, "listen: { maxBodyBytes: 1024 }", 413],
    ["a member named path", JSON.stringify({ ...chat, path: "/x" }), "{}", 200],
    ["a member named method", JSON.stringify({ ...chat, method: 5 }), "{}", 200],
    ["members named body and headers", JSON.stringify({ ...chat, body: {}, headers: [] }), "{}", 200],
  ])("%s", async (_, file, text, status) => {
    expect(await written(file, text)).toMatchObject({ response: { status } });
  });

  test("a length that it does not have is an error in the file", async () => {
    expect(await written(`{"headers":{"content-length":"9"},"body":{}}`)).toMatch(
      /announces 9 bytes, but the body has 2/,
    );
  });

  test("a line break in a header is an error in the file", async () => {
    expect(await written(`{"headers":{"x-a":"b\\r\\nx-c: d"},"body":{}}`)).toMatch(/headers.x-a: must be one line/);
  });
});

test("the control header counts", async () => {
  const { told } = await explain({ headers: { "x-stuntdouble": "simulate, ttft=5, fault=()" }, body: chat });
  expect([told.decision.rule, told.happens]).toEqual([
    "control",
    ["simulate with profile gpt-4o", "use ttftMs 5, as the control header asks"],
  ]);
});

test("a control header that is not enabled is noted, not followed", async () => {
  const { told } = await explain({ headers: { "x-stuntdouble": "simulate" }, body: chat }, "{}");
  expect([told.decision.rule, told.notes[0]]).toEqual(["default", expect.stringContaining("no effect")]);
});

test.each([
  [
    "a control header that cannot be followed",
    { headers: { "x-stuntdouble": "nope" }, body: chat },
    config,
    /^respond 400 BODY_INVALID: Control header: unknown key/,
  ],
  ["a body that is no JSON", { body: "{" }, config, /^respond 400 BODY_INVALID/],
  ["a message without a role", { body: { model: "o3", messages: [{}] } }, "{}", /^respond 400 BODY_INVALID: .*role/],
  ["a model that is not listed", { body: chat }, "models: [o3]", /^respond 404 NOT_FOUND: The model `gpt-4o`/],
  ["a path that cannot be simulated", { method: "GET", path: "/v1/files" }, "{}", /^respond 404 NOT_FOUND/],
  ["a wrong method", { method: "DELETE" }, "{}", /^respond 405 METHOD_NOT_ALLOWED/],
  [
    "a missing API key",
    { body: chat },
    `auth: { keys: [{ name: a, sha256: ${hash("sha256", "k")} }] }`,
    /^respond 401 UNAUTHENTICATED/,
  ],
])("%s is told as the response it would get", async (_name, request, text, response) => {
  const { code, told } = await explain(request, text);
  expect([code, told.decision]).toEqual([0, undefined]);
  expect(told.happens[0]).toMatch(response);
});

test("a known API key is shown by its name", async () => {
  const text = `auth: { keys: [{ name: team-a, sha256: ${hash("sha256", "k")} }] }\nrules: [{ name: a, match: { key: "team-*" }, serve: simulate }]`;
  const { told } = await explain({ headers: { authorization: "Bearer k" }, body: chat }, text);
  expect([told.request.key, told.decision.rule]).toEqual(["team-a", "a"]);
});

test("a path that cannot be simulated goes to the first upstream", async () => {
  const { told } = await explain({ method: "GET", path: "/v1/files" });
  expect(told.happens).toEqual(["forward to upstream openai (https://api.example.com)"]);
});

const limited = `
upstreams: { openai: { url: "https://api.example.com/" } }
rules: [{ name: limited, serve: simulate, faults: [{ kind: status, status: 429 }] }]
`;

test.each([
  ["whose body the provider would refuse", { body: { model: "gpt-4o" } }],
  ["with a path that cannot be simulated", { path: "/v1/audio/speech", body: {} }],
  ["with a method that its path does not take", { method: "DELETE" }],
])(
  "a fault that responds by itself is told before all that its source would say, to a request %s",
  async (_, request) => {
    const { told } = await explain(request, limited.replace(/upstreams.*/, ""));
    expect(told).toMatchObject({
      decision: { rule: "limited" },
      happens: [`respond 429 by fault status {"status":429}`],
      response: {
        status: 429,
        headers: {
          "x-stuntdouble-decision": "fault",
          "x-stuntdouble-rule": "limited",
          "x-stuntdouble-fault": "status",
        },
      },
    });
  },
);

test("a fault that responds by itself is told before the upstream that would be asked", async () => {
  const { told } = await explain({ path: "/v1/audio/speech", body: {} }, limited);
  expect([told.happens, told.response.status]).toEqual([[`respond 429 by fault status {"status":429}`], 429]);
});

test.each([
  [
    "a call that its key's minute cannot hold",
    { headers: { authorization: "Bearer k" }, body: chat },
    `auth: { keys: [{ name: a, sha256: ${hash("sha256", "k")}, tokensPerMinute: 2 }] }`,
    /^respond 429 RATE_LIMITED: Request too large/,
  ],
  [
    "a simulated response above the limit on its tokens",
    { headers: { "x-stuntdouble": "tokens=500" }, body: chat },
    "control: { enabled: true }\nlimits: { maxOutputTokens: 400 }",
    /^respond 400 RESPONSE_TOO_LARGE/,
  ],
  [
    "a refusal in an API that has no form for it",
    { path: "/v1/completions", headers: { "x-stuntdouble": "refusal" }, body: { model: "gpt-4o", prompt: "Hi" } },
    "control: { enabled: true }",
    /^respond 400 BODY_INVALID: Control header: this kind of response/,
  ],
  [
    "a body above the limit on its size",
    { body: { ...chat, user: "x".repeat(2000) } },
    "listen: { maxBodyBytes: 1024 }",
    /^respond 413 BODY_TOO_LARGE/,
  ],
  [
    "a long body that a rule looks into, and that is no JSON",
    { body: `{"model":"gpt-4o","messages":[${"1,".repeat(10_000)}]}` },
    "rules: [{ name: long, match: { promptTokens: { min: 10 } }, serve: simulate }]",
    /^respond 400 BODY_INVALID: The JSON body of your request could not be read/,
  ],
])("%s is told as the refusal that it would get", async (_, request, text, response) => {
  const { told } = await explain(request, text);
  expect(told.happens[0]).toMatch(response);
  expect(told.response.code).toBe(told.happens[0].split(/[ :]/)[2]);
});

test("a request id that a node would replace is not taken for the draw", async () => {
  const { told } = await explain({ headers: { "x-request-id": "not visible" }, body: { ...chat, model: "o3" } });
  expect(told.request.id).toBe("explain");
  expect(told.notes[0]).toMatch(/^The x-request-id of the request is not used: .* gets a random one/);
});

test("a mirror of a request that cannot be simulated is not told", async () => {
  const { told } = await explain({ body: { model: "gpt-4o", messages: 1 } });
  expect(told.happens).toEqual([
    "forward to upstream openai (https://api.example.com)",
    expect.stringContaining("cut"),
  ]);
});

test("what may come of a request is noted, where the breaker has a say or the request has been forwarded before", async () => {
  const text = `
upstreams: { openai: { url: "https://api.example.com/", breaker: { whenOpen: simulate } } }
default: { serve: forward, upstream: openai }
`;
  const { told } = await explain({ headers: { via: "1.1 other" }, body: chat }, text);
  expect(told.notes).toEqual([expect.stringContaining("LOOP_DETECTED"), expect.stringContaining("stands in")]);
});

test.each([
  ["a simulated response stands in", "simulate"],
  ["it gets 429", "fail"],
])("it is noted that %s once the budget of the upstream is spent", async (then, whenSpent) => {
  const budget = `{ callsPerHour: 5, usdPerDay: 1.5, whenSpent: ${whenSpent} }`;
  const text = `
upstreams: { openai: { url: "https://api.example.com/", budget: ${budget} } }
default: { serve: forward, upstream: openai }
`;
  const { told } = await explain({ body: chat }, text);
  expect(told.notes).toEqual([
    `Once the budget of upstream openai (callsPerHour: 5, usdPerDay: 1.5) is spent, ${then}.`,
  ]);
});

test("the same request id draws the same number", async () => {
  const request = { headers: { "x-request-id": "abc" }, body: { ...chat, model: "o3" } };
  const drawn = async () => (await explain(request)).told.rules[2].conditions[0].draw as number;
  expect(await drawn()).toBe(await drawn());
});

test("without a configuration the built-in default is explained", async () => {
  const { code, out } = await runIn({ "r.json": JSON.stringify(chat) }, ["explain", "--request", "r.json"]);
  expect([code, out.includes("decided by default\n  simulate with profile gpt-4o")]).toEqual([0, true]);
});

test("errors in the configuration are shown instead", async () => {
  const { code, err } = await runIn({ "stuntdouble.yaml": "sed: 1", "r.json": "{}" }, [
    "explain",
    "--request",
    "r.json",
  ]);
  expect([code, err.startsWith(`stuntdouble.yaml:1:1 sed: unknown key. Did you mean "seed"?`)]).toEqual([2, true]);
});

test.each([
  ["no JSON", "{", /r\.json/],
  ["no object", "[]", /must contain a JSON object/],
  [
    "an unknown member",
    `{"path": "/v1/models", "heders": {}}`,
    /unknown key "heders" \(did you mean "headers"\?\)\. Allowed: method, path, headers, body/,
  ],
])("a request file with %s ends with exit code 2", async (_name, text, message) => {
  const { code, err } = await runIn({ "r.json": text }, ["explain", "--request", "r.json"]);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});

test("what the faults of the rule drew is shown, which of them act, and how many calls get them", async () => {
  const text = `
rules:
  - { name: fifth, serve: simulate, match: { percentage: 20, model: gpt-* } }
  - name: faulty
    serve: simulate
    match: { model: gpt-4o }
    faults: [{ kind: status, status: 429, percentage: 50 }, { kind: delay, ms: 5, percentage: 50 }]
`;
  const seen = new Set<string>();
  for (let id = 0; seen.size < 4 && id < 200; id += 1) {
    const { told } = await explain({ headers: { "x-request-id": `call-${id}` }, body: chat }, text);
    if (told.decision.rule !== "faulty") continue;
    const { faults, faultDraws } = told.decision;
    for (const { draw, percentage, acts } of faultDraws) expect(acts).toBe(draw < percentage / 100);
    const acting = faultDraws.filter(({ acts }: { acts: boolean }) => acts).map(({ kind }: { kind: string }) => kind);
    expect(faults.map(({ kind }: { kind: string }) => kind)).toEqual(acting);
    expect(told.share).toBe("faulty: 80 % of the calls that meet its conditions, fault status 40 %, fault delay 40 %");
    seen.add(acting.join());
  }
  expect(seen).toEqual(new Set(["", "status", "delay", "status,delay"]));
});

test("a fault that does not act is said so in words, with its draw", async () => {
  const text = "default: { faults: [{ kind: cut, percentage: 0 }] }\n";
  const { out } = await runIn({ "s.yaml": text, "r.json": JSON.stringify(chat) }, [
    "explain",
    "--config",
    "s.yaml",
    "--request",
    "r.json",
  ]);
  expect(out).toMatch(/^ {2}fault cut does not act: 0\.\d{6} \(wanted a draw below 0\)$/m);
});

test("it is said what the simulated model replies with, and why", async () => {
  const text = `
rules:
  - name: weather
    match: { lastUserMessage: "weather in (?P<city>\\\\w+)", hasToolResult: false, json: { path: $.seed, equals: 7 } }
    serve: simulate
    reply: { text: "It is sunny in \${city}." }
`;
  const { told } = await explain({ ...chat, seed: 7, messages: [{ role: "user", content: "weather in Paris" }] }, text);
  expect(told.happens).toContain('reply with {"text":"It is sunny in Paris."}');
  expect(told.rules[0].conditions).toMatchObject([
    { name: "json $.seed", expected: "7", result: "pass", seen: "7" },
    { name: "hasToolResult", expected: "false", result: "pass", seen: "false" },
    { name: "lastUserMessage", result: "pass", seen: '"weather in Paris"' },
  ]);
});

test("a reply that the caller's API has no form for is the error that the caller would get", async () => {
  const text = "default: { reply: { toolCalls: [{ name: f }] } }";
  const request = { method: "POST", path: "/v1/completions", headers: {}, body: { model: "m", prompt: "Hi" } };
  const { told } = await explain(request, text);
  expect(told.happens).toEqual([
    "respond 400 BODY_INVALID: Reply: this kind of response has no form for calls of tools.",
  ]);
});

test.each([
  ["forward, upstream: a", "POST", ["copy it to upstream b, and measure the response"]],
  ["simulate", "POST", ["copy it to upstream b, and measure the response"]],
  ["forward, upstream: a", "GET", []],
])("a copy is told with serve: %s and %s", async (serve, method, copies) => {
  const text = `
upstreams: { a: { url: "https://a.example.com" }, b: { url: "https://b.example.com" } }
default: { serve: ${serve}, mirror: { upstream: b } }
`;
  const request = method === "GET" ? { method, path: "/v1/models" } : chat;
  const { told } = await explain(request, text);
  expect(told.happens.filter((sentence: string) => sentence.includes("copy"))).toEqual(copies);
});

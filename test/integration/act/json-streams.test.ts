import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { postText, rawRequest } from "../../support/raw.ts";
import { hang, json, sse, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const lastChunk = "\r\n0\r\n\r\n";
const words = ["alpha", "beta", "gamma", "delta"];

const lines = [
  ...words.map(
    (content) => `${JSON.stringify({ model: "m", message: { role: "assistant", content }, done: false })}\n`,
  ),
  `${JSON.stringify({ model: "m", message: { role: "assistant", content: "" }, done: true, eval_count: 4 })}\n`,
];

/** Elements as Gemini sends them: several tokens each, which only the usage tells. */
const elements = words.map((text, index) =>
  JSON.stringify({
    candidates: [
      { content: { parts: [{ text }], role: "model" }, index: 0, ...(index === 3 && { finishReason: "STOP" }) },
    ],
    usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 3 * (index + 1) },
  }),
);
const array = [...elements.map((text, index) => (index === 0 ? `[${text}` : `\n,\r\n${text}`)), "\n]"];
const events = elements.map((text) => `data: ${text}\r\n\r\n`);

const streamTarget = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
const ndjson = { "content-type": "application/x-ndjson" };
const jsonType = { "content-type": "application/json; charset=UTF-8" };

const streams = [
  {
    name: "JSON lines",
    target: "/api/chat",
    pieces: lines,
    headers: ndjson,
    perPiece: 1,
    body: { model: "m", messages: [] },
  },
  { name: "a JSON array", target: streamTarget, pieces: array, headers: jsonType, perPiece: 3, body: { contents: [] } },
  {
    name: "events",
    target: `${streamTarget}?alt=sse`,
    pieces: events,
    headers: {},
    perPiece: 3,
    body: { contents: [] },
  },
];

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  node = await startNode({
    upstreams: { real: { url: upstream.url } },
    default: { serve: "forward" },
    control: { enabled: true },
  });
});
afterEach(() => upstream.script(hang));
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

describe.each(streams)("a live stream of $name", ({ target, pieces, headers, perPiece, body }) => {
  async function ask(fault?: string) {
    upstream.script(sse(pieces, { gapMs: 5, headers }));
    const control = fault === undefined ? [] : [`x-stuntdouble: fault=${fault}`];
    const request = postText(target, JSON.stringify(body), ["accept-encoding: gzip, br", ...control]);
    return await rawRequest(node.port, request, { enough: (text) => text.endsWith(lastChunk) });
  }

  test("passes through unchanged, and its tokens are counted", async () => {
    const response = await ask();
    expect(response.body).toBe(pieces.join(""));
    await node.idle();
    const [latest] = await node.outcomes();
    expect(latest).toMatchObject({ mode: "real", stream: true, actual: { tokens: 4 * perPiece } });
  });

  test("is cut exactly after so many tokens", async () => {
    const response = await ask(`cut;after=${2 * perPiece}`);
    expect(response.body).toBe(pieces.slice(0, 2).join(""));
    expect(response.closed).toBe("fin");
  });

  test("is damaged in one piece and no other", async () => {
    const { body: seen } = await ask("malformed;after-events=1");
    expect(seen.startsWith(pieces[0]!)).toBe(true);
    expect(seen.endsWith(pieces.slice(2).join(""))).toBe(true);
    const damaged = seen.slice(pieces[0]!.length, seen.length - pieces.slice(2).join("").length);
    expect(damaged.length).toBe(pieces[1]!.length + 1);
    expect(() => JSON.parse(damaged.slice(damaged.indexOf("{"))) as unknown).toThrow(SyntaxError);
  });

  test("ends properly without its final marker", async () => {
    const response = await ask("clean-end");
    const rest = pieces.filter((piece) => !piece.includes('"done":true') && !piece.includes("finishReason"));
    expect(response.body).toBe(rest.join(""));
    expect(response.text.endsWith(lastChunk)).toBe(true);
  });
});

test("the usage of a whole response is counted", async () => {
  for (const [target, response] of [
    ["/api/chat", { done: true, eval_count: 7 }],
    ["/v1beta/models/m:generateContent", { usageMetadata: { candidatesTokenCount: 4, thoughtsTokenCount: 3 } }],
  ] as const) {
    upstream.script(json(response));
    await rawRequest(node.port, postText(target, "{}", ["connection: close"]));
    await node.idle();
    expect((await node.outcomes())[0]).toMatchObject({ actual: { tokens: 7 } });
  }
});

describe("a key in the query", () => {
  let guarded: Node;
  beforeAll(async () => {
    guarded = await startNode(
      {
        upstreams: { real: { url: upstream.url } },
        default: { serve: "forward" },
        auth: { keys: [{ name: "team", env: "TEAM_KEY" }] },
      },
      { env: { TEAM_KEY: "AIza-canary-of-the-team" } },
    );
  });
  afterAll(() => guarded.stop());

  const target = "/v1beta/models/m:generateContent";
  const send = (path: string, headers: readonly string[] = []) => {
    upstream.script(json({}));
    return rawRequest(guarded.port, postText(path, "{}", ["connection: close", ...headers]));
  };

  test("lets a caller of Gemini in, and goes no further than here", async () => {
    const response = await send(`${target}?alt=json&key=AIza-canary-of-the-team`);
    expect(response.status).toBe(200);
    expect(upstream.received.at(-1)?.target).toBe(`${target}?alt=json`);
    await guarded.idle();
    expect((await guarded.outcomes())[0]).toMatchObject({ keyName: "team" });
    expect(guarded.logLines().join("\n")).not.toContain("canary");
  });

  test("is as good as one in x-goog-api-key, which stays here too", async () => {
    const response = await send(target, ["x-goog-api-key: AIza-canary-of-the-team"]);
    expect(response.status).toBe(200);
    expect(upstream.received.at(-1)?.rawHeaders.join()).not.toContain("canary");
  });

  test("that is wrong, or missing, is refused in Gemini's shape", async () => {
    for (const path of [`${target}?key=AIza-canary-of-a-stranger`, target]) {
      const response = await send(path);
      expect(response.status).toBe(401);
      expect(JSON.parse(response.body)).toMatchObject({ error: { code: 401, status: "UNAUTHENTICATED" } });
      expect(response.text).not.toContain("canary");
    }
    expect(guarded.logLines().join("\n")).not.toContain("canary");
  });

  test("of an API that has none is no key", async () => {
    expect((await send("/v1/chat/completions?key=AIza-canary-of-the-team")).status).toBe(401);
  });

  test("passes on as it is where callers bring their own", async () => {
    upstream.script(json({}));
    await rawRequest(node.port, postText(`${target}?key=of-the-caller`, "{}", ["connection: close"]));
    expect(upstream.received.at(-1)?.target).toBe(`${target}?key=of-the-caller`);
  });
});

import { request } from "node:http";
import { gzipSync } from "node:zlib";

/** One call as a client makes it. */
export type Ask = {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string | Buffer;
};

/** What a client sees of the response. */
export type Seen = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** The response broke off. */
  readonly broken: boolean;
};

/** Something that every adapter does in the same way. A TCP RST is not among them: only the proxy has the client's connection. */
export type Behaviour = {
  readonly name: string;
  readonly ask: Ask;
  /** What must hold, besides that all adapters give the same. */
  expected(seen: Seen): boolean;
};

const messages = [{ role: "user", content: "Say hello" }];
const chat = { model: "gpt-4o", seed: 7, max_tokens: 12, messages };
const stream = { ...chat, stream: true };

/** Needs a node with `control.enabled`, the models `gpt-4o` and `text-embedding-3-small`, and a limit on bodies of 100,000 bytes. */
export const behaviours: readonly Behaviour[] = [
  {
    name: "a JSON response is simulated",
    ask: { body: chat },
    expected: ({ status, body }) => status === 200 && body.includes('"completion_tokens":12'),
  },
  {
    name: "a stream is simulated",
    ask: { body: stream },
    expected: ({ status, body }) => status === 200 && body.endsWith("data: [DONE]\n\n"),
  },
  {
    name: "embeddings are simulated",
    ask: { path: "/v1/embeddings", body: { model: "text-embedding-3-small", input: "hello" } },
    expected: ({ status, body }) => status === 200 && body.includes('"embedding"'),
  },
  {
    name: "models are listed",
    ask: { method: "GET", path: "/v1/models" },
    expected: ({ status, body }) => status === 200 && body.includes('"gpt-4o"'),
  },
  {
    name: "a long response is compressed",
    ask: {
      body: { ...chat, max_tokens: 4000 },
      headers: { "x-stuntdouble": "tokens=4000", "accept-encoding": "gzip" },
    },
    expected: ({ headers }) => headers["content-encoding"] === "gzip",
  },
  {
    name: "a body that is no JSON gets 400",
    ask: { body: "{" },
    expected: ({ status, body }) => status === 400 && body.includes('"error"'),
  },
  {
    name: "an encoded body is decoded",
    ask: { body: gzipSync(JSON.stringify(chat)), headers: { "content-encoding": "gzip" } },
    expected: ({ status, body }) => status === 200 && body.includes('"completion_tokens":12'),
  },
  {
    name: "a body that cannot be decoded gets 400",
    ask: { body: "{}", headers: { "content-encoding": "zstd" } },
    expected: ({ status, body }) => status === 400 && body.includes("zstd"),
  },
  {
    name: "a body in an unknown coding gets 415, and those that are known",
    ask: { body: chat, headers: { "content-encoding": "lzma" } },
    expected: ({ status, headers }) => status === 415 && headers["accept-encoding"] === "gzip, deflate, br, zstd",
  },
  {
    name: "a body that is too large once decoded gets 413",
    ask: { body: gzipSync("x".repeat(100_001)), headers: { "content-encoding": "gzip" } },
    expected: ({ status }) => status === 413,
  },
  {
    name: "a response that would be too large gets 400",
    ask: { body: { ...stream, max_tokens: 36_000, n: 128 }, headers: { "x-stuntdouble": "tokens=36000" } },
    expected: ({ status, body }) => status === 400 && body.includes("limits.maxOutputTokens"),
  },
  {
    name: "a body that is too large gets 413",
    ask: { body: "x".repeat(100_001) },
    expected: ({ status }) => status === 413,
  },
  {
    name: "an unknown model gets 404",
    ask: { body: { ...chat, model: "unknown" } },
    expected: ({ status, body }) => status === 404 && body.includes("model_not_found"),
  },
  {
    name: "an unknown path gets 404",
    ask: { path: "/v1/unknown", body: {} },
    expected: ({ status }) => status === 404,
  },
  {
    name: "a wrong method gets 405 and those that are right",
    ask: { method: "DELETE" },
    expected: ({ status, headers }) => status === 405 && headers["allow"] === "POST, GET, HEAD",
  },
  {
    name: "a wrong control header gets 400",
    ask: { body: chat, headers: { "x-stuntdouble": "nothing" } },
    expected: ({ status }) => status === 400,
  },
  {
    name: "an injected status has the provider's body and headers",
    ask: { body: chat, headers: { "x-stuntdouble": "fault=status;status=429" } },
    expected: ({ status, headers }) => status === 429 && headers["retry-after"] === "1",
  },
  {
    name: "a response that is replaced is an error in the provider's body and headers",
    ask: { body: stream, headers: { "x-stuntdouble": "fault=replace;status=502" } },
    expected: ({ status, headers, body }) =>
      status === 502 && headers["x-stuntdouble-decision"] === "simulate" && "error" in JSON.parse(body),
  },
  {
    name: "a malformed stream is malformed in the same place",
    ask: { body: stream, headers: { "x-stuntdouble": "fault=malformed;after=4" } },
    expected: ({ headers }) => headers["x-stuntdouble-fault"] === "malformed",
  },
  {
    name: "a stall is kept alive by comments, and goes on",
    ask: { body: stream, headers: { "x-stuntdouble": "fault=stall;after=4;for-ms=350;with=comments;every-ms=100" } },
    expected: ({ body }) => body.split(": keep-alive\n\n").length === 4 && body.endsWith("data: [DONE]\n\n"),
  },
  {
    name: "a stall of a JSON response is kept alive by blank lines",
    ask: { body: chat, headers: { "x-stuntdouble": "fault=stall;for-ms=350;with=comments;every-ms=100" } },
    expected: ({ body }) => body.startsWith("\n\n\n{"),
  },
  {
    name: "a redirect has no body",
    ask: { body: chat, headers: { "x-stuntdouble": 'fault=redirect;status=307;location="/elsewhere"' } },
    expected: ({ status, headers, body }) => status === 307 && headers["location"] === "/elsewhere" && body === "",
  },
  {
    name: "an HTML page stands in for a response",
    ask: { body: stream, headers: { "x-stuntdouble": "fault=html" } },
    expected: ({ status, headers }) => status === 502 && headers["content-type"] === "text/html",
  },
  {
    name: "a stream has a wrong content type",
    ask: { body: stream, headers: { "x-stuntdouble": 'fault=content-type;value="application/json"' } },
    expected: ({ headers, body }) => headers["content-type"] === "application/json" && body.endsWith("[DONE]\n\n"),
  },
  {
    name: "a response is said to be gzip, which it is not",
    ask: { body: chat, headers: { "x-stuntdouble": "fault=bad-gzip" } },
    expected: ({ headers, body }) => headers["content-encoding"] === "gzip" && body.startsWith("{"),
  },
  {
    name: "a time to retry is not told",
    ask: { body: chat, headers: { "x-stuntdouble": "fault=status;status=429;retry-after-as=absent" } },
    expected: ({ status, headers }) => status === 429 && headers["retry-after"] === undefined,
  },
  {
    name: "a clean end leaves the final marker out",
    ask: { body: stream, headers: { "x-stuntdouble": "fault=clean-end;after=4" } },
    expected: ({ body, broken }) => !broken && !body.includes("[DONE]"),
  },
  {
    name: "a cut stream breaks off after the same bytes",
    ask: { body: stream, headers: { "x-stuntdouble": "itl=5, fault=cut;after=4" } },
    expected: ({ status, body, broken }) => status === 200 && broken && body.includes('"delta":{"content"'),
  },
];

/** Makes a call, and waits for the end of its response, whichever it is. */
export async function see(url: string, { method = "POST", path = "/v1/chat/completions", ...ask }: Ask): Promise<Seen> {
  const isWritten = typeof ask.body === "string" || Buffer.isBuffer(ask.body);
  const body = isWritten || ask.body === undefined ? ask.body : JSON.stringify(ask.body);
  const headers = { "content-type": "application/json", "x-request-id": "the-same", ...ask.headers };
  return await new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, url), { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("latin1").on("data", (piece: string) => void (text += piece));
      response.on("error", () => undefined);
      response.on("close", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          broken: !response.complete,
        }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { request } from "node:http";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody } from "../../support/raw.ts";
import { json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(json("x".repeat(50_000)));
  node = await startNode({ upstreams: { openai: { url: upstream.url } }, control: { enabled: true } });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

type Answer = { status: number; headers: Readonly<Record<string, string | string[] | undefined>>; body: Buffer };

/** One request with an accept-encoding; the body comes back as it was sent. */
async function ask(target: string, body: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request(node.url + target, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", ...headers },
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    asked.end(body);
  });
}

/** 32 KB of JSON. */
const large = (headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
  ask("/v1/embeddings", JSON.stringify({ model: "m", input: "text", dimensions: 2000 }), headers);

const unpack: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gunzipSync(body),
  br: (body) => brotliDecompressSync(body),
  zstd: (body) => zstdDecompressSync(body),
};

test.each(["gzip", "br", "zstd"])(
  "a large response is compressed for those who accept %s, and is the same",
  async (encoding) => {
    const plain = await large();
    const packed = await large({ "accept-encoding": encoding });
    expect(packed.headers).toMatchObject({
      "content-encoding": encoding,
      vary: "accept-encoding",
      "content-length": String(packed.body.length),
    });
    expect(packed.body.length).toBeLessThan(plain.body.length * 0.7);
    expect(unpack[encoding]!(packed.body).toString()).toBe(plain.body.toString());
  },
);

test.each([
  ["gzip;q=0.5, br;q=0.8", "br"],
  ["gzip, br;q=0", "gzip"],
  ["GZIP", "gzip"],
  ["*;q=0.1, zstd;q=0, br;q=0", "gzip"],
])("the client's likes decide: %s", async (accepted, encoding) => {
  expect((await large({ "accept-encoding": accepted })).headers["content-encoding"]).toBe(encoding);
});

test.each(["", "identity", "deflate", "gzip;q=0", "gzip;q=nonsense"])(
  "a response stays as it is for those who accept only: %s",
  async (accepted) => {
    const response = await large({ "accept-encoding": accepted });
    expect(response.headers).not.toHaveProperty("content-encoding");
    expect(() => JSON.parse(response.body.toString()) as unknown).not.toThrow();
  },
);

test("a short response stays as it is", async () => {
  const response = await ask("/v1/chat/completions", chatBody(), { "accept-encoding": "gzip" });
  expect(response.headers).not.toHaveProperty("content-encoding");
  expect(response.headers["content-length"]).toBe(String(response.body.length));
});

test("a stream is never compressed", async () => {
  const control = { "x-stuntdouble": "tokens=2000" };
  const response = await ask("/v1/chat/completions", chatBody({ stream: true }), {
    "accept-encoding": "gzip, br, zstd",
    ...control,
  });
  expect(response.headers).not.toHaveProperty("content-encoding");
  expect(response.body.length).toBeGreaterThan(100_000);
});

test("a forwarded response is never compressed by the sidecar", async () => {
  const response = await ask("/v1/chat/completions", chatBody(), {
    "accept-encoding": "gzip",
    "x-stuntdouble": "forward",
  });
  expect(response.headers).not.toHaveProperty("content-encoding");
  expect(response.body.toString()).toBe("x".repeat(50_000));
});

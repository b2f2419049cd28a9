import { randomBytes } from "node:crypto";
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectExtProc, requestBody, requestHeaders } from "../../support/ext-proc-client.ts";
import { startNode } from "../../support/node.ts";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatResponse, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const maxBodyBytes = 100_000;
const rules = [
  { name: "second", match: { model: "second-*" }, serve: "forward", upstream: "second" },
  { name: "simulated", match: { model: "simulated" }, serve: "simulate", profile: "instant" },
];
const chat = (model: string): Buffer =>
  Buffer.from(JSON.stringify({ model, messages: [{ role: "user", content: "Hello" }] }));
const encodings: readonly (readonly [coding: string, encode: (bytes: Buffer) => Buffer])[] = [
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
];

describe.each([
  ["STREAMED", { request_body_mode: "STREAMED" }],
  ["BUFFERED", { request_body_mode: "BUFFERED" }],
  ["FULL_DUPLEX_STREAMED", { request_body_mode: "FULL_DUPLEX_STREAMED", request_trailer_mode: "SEND" }],
])("request_body_mode %s", (_name, processing_mode) => {
  describeWith("envoy", findEnvoy(), "behind a real Envoy", (place) => {
    let behind: BehindEnvoy;
    let first: ScriptedUpstream;
    let second: ScriptedUpstream;
    beforeAll(async () => {
      first = await startUpstream(json(chatResponse("Hello")));
      second = await startUpstream(json(chatResponse("Hello from the second")));
      behind = await startBehindEnvoy(
        place,
        {
          listen: { maxBodyBytes },
          upstreams: { first: { url: first.url }, second: { url: second.url } },
          rules,
          default: { serve: "forward", upstream: "first" },
        },
        { upstreams: { first: first.port, second: second.port }, filter: { processing_mode } },
      );
    });
    afterAll(async () => {
      await behind.stop();
      await first.stop();
      await second.stop();
    });

    const post = (body: Buffer, headers: Record<string, string> = {}, path = "/v1/chat/completions") =>
      fetch(behind.envoy.url + path, { method: "POST", headers, body: new Uint8Array(body) });

    test.each(encodings)("a body in %s decides by its model, and goes on as it came", async (coding, encode) => {
      const body = encode(chat("second-1"));
      const before = second.received.length;
      const response = await post(body, { "content-encoding": coding });
      expect(await response.json()).toEqual(chatResponse("Hello from the second"));
      expect(second.received[before]?.body().equals(body)).toBe(true);
      expect(second.received[before]?.headers["content-encoding"]).toBe(coding);
    });

    test.each(encodings)("a body in %s is simulated", async (coding, encode) => {
      const response = await post(encode(chat("simulated")), { "content-encoding": coding });
      expect(response.headers.get("x-stuntdouble-rule")).toBe("simulated");
      expect(response.status).toBe(200);
      await response.text();
    });

    test.each([
      ["broken JSON", Buffer.from("{bad"), {}],
      ["of another coding", chat("second-1"), { "content-encoding": "gzip" }],
      ["of an unknown coding", chat("second-1"), { "content-encoding": "lzma" }],
      ["too large once decoded", gzipSync(Buffer.alloc(maxBodyBytes + 1, " ")), { "content-encoding": "gzip" }],
      ["larger than what is read", Buffer.from(randomBytes(maxBodyBytes).toString("hex")), {}],
    ])("a body that is %s goes on as it is", async (_what, body, headers) => {
      const before = first.received.length;
      const response = await post(body, headers);
      expect(await response.json()).toEqual(chatResponse("Hello"));
      expect(first.received[before]?.body().equals(body)).toBe(true);
    });

    test("a form decides by its field for the model", async () => {
      const form = new FormData();
      form.append("file", new Blob([randomBytes(50_000)]), "speech.wav");
      form.append("model", "second-1");
      const response = await fetch(`${behind.envoy.url}/v1/audio/transcriptions`, { method: "POST", body: form });
      expect(await response.json()).toEqual(chatResponse("Hello from the second"));
    });
  });
});

test("a body that no rule needs goes back to Envoy while it arrives", async () => {
  const node = await startNode({
    extProc: {},
    upstreams: { first: { url: "http://127.0.0.1:1" } },
    default: { serve: "forward" },
  });
  const client = connectExtProc(node.app.extProcPort!);
  const call = client.process();
  call.send(requestHeaders());
  for (let sent = 0; sent < 12; sent += 1) call.send(requestBody("x".repeat(100_000), false));
  expect(await call.next()).toMatchObject({ request_headers: { response: { clear_route_cache: true } } });
  expect(await call.next()).toMatchObject({ request_body: {} });
  call.stream.cancel();
  await node.idle();
  client.close();
  await node.stop();
});

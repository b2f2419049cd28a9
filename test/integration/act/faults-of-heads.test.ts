import { afterAll, beforeAll, expect, test } from "vitest";
import { h2Connect, h2Open, h2Response } from "../../support/h2.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import { chatResponse, hang, json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const given = JSON.stringify(chatResponse("alpha beta"));

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(hang);
  upstream.script(json(given));
  node = await startNode({
    upstreams: { openai: { url: upstream.url, breaker: "off" } },
    default: { serve: "forward" },
    control: { enabled: true },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

const sources = ["forward", "simulate, tokens=5, seed=1"];

async function asked(control: string, enough?: (text: string) => boolean) {
  const request = postText("/v1/chat/completions", chatBody(), [`x-stuntdouble: ${control}`]);
  const response = await rawRequest(node.port, request, enough === undefined ? {} : { enough });
  await node.idle();
  return response;
}

test.each(sources)("a length that is too large is never reached: the connection closes before (%s)", async (source) => {
  const { headers, body, closed } = await asked(`${source}, fault=content-length;by=7`);
  expect(Number(headers["content-length"])).toBe(Buffer.byteLength(body, "latin1") + 7);
  expect(() => JSON.parse(body) as unknown).not.toThrow();
  expect(closed).toBe("fin");
  expect((await node.outcomes())[0]).toMatchObject({ ending: "cut", faults: ["content-length"] });
});

test.each(sources)("a length that is too small is followed by the rest, and no other response (%s)", async (source) => {
  const { headers, body, closed } = await asked(`${source}, fault=content-length;by=-7`);
  expect(Number(headers["content-length"])).toBe(Buffer.byteLength(body, "latin1") - 7);
  expect(closed).toBe("fin");
});

test.each(sources)("informational responses come before the head (%s)", async (source) => {
  const { text } = await asked(`${source}, fault=informational;status=102;count=3`, (all) => all.includes('"usage"'));
  expect(text.startsWith("HTTP/1.1 102 Processing\r\n\r\n".repeat(3) + "HTTP/1.1 200 OK\r\n")).toBe(true);
});

test("informational responses come before the head over HTTP/2", async () => {
  const session = await h2Connect(node.url);
  const path = { ":path": "/v1/chat/completions", "x-stuntdouble": "fault=informational;count=4" };
  const stream = h2Open(session, path, chatBody());
  const statuses: unknown[] = [];
  stream.on("headers", (headers) => statuses.push(headers[":status"]));
  const { status } = await h2Response(stream);
  session.close();
  expect([statuses, status]).toEqual([[103, 103, 103, 103], 200]);
});

test("a wrong length over HTTP/2 ends its stream, and no other of the connection", async () => {
  const session = await h2Connect(node.url);
  const path = { ":path": "/v1/chat/completions" };
  const broken = await h2Response(
    h2Open(session, { ...path, "x-stuntdouble": "fault=content-length;by=7" }, chatBody()),
  );
  const whole = await h2Response(h2Open(session, path, chatBody()));
  session.close();
  expect(broken.code).not.toBe(0);
  expect([whole.status, whole.code]).toEqual([200, 0]);
});

test.each(sources)("what is said to be gzip is not (%s)", async (source) => {
  const { headers, body } = await asked(`${source}, fault=bad-gzip`, (all) => all.includes('"usage"'));
  expect(headers["content-encoding"]).toBe("gzip");
  expect(body).toContain('"object"');
});

test.each(sources)("a redirect and a page leave the source unasked (%s)", async (source) => {
  const before = upstream.received.length;
  const redirect = await asked(`${source}, fault=redirect;location="/elsewhere"`, (all) => all.includes("\r\n\r\n"));
  expect([redirect.status, redirect.headers["location"], redirect.body]).toEqual([302, "/elsewhere", ""]);
  const page = await asked(`${source}, fault=html`, (all) => all.endsWith("</html>\r\n"));
  expect([page.status, page.headers["content-type"]]).toEqual([502, "text/html"]);
  expect((await node.outcomes())[0]).toMatchObject({ mode: "fault", faults: ["html"] });
  expect(upstream.received).toHaveLength(before);
});

test("each kind is counted by its name", async () => {
  await asked("fault=content-type", (all) => all.includes('"usage"'));
  expect(await node.metrics()).toMatch(/stuntdouble_faults_injected_total\{[^}]*fault="content-type"[^}]*\} [1-9]/);
});

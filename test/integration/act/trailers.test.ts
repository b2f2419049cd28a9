import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { h2Connect, h2Open, h2Response } from "../../support/h2.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";
import { startUpstream, type Script, type ScriptedUpstream } from "../../support/upstream.ts";

const chat = "/v1/chat/completions";
const withTrailers: Script = (response) => {
  response.writeHead(200, { "content-type": "text/plain", trailer: "x-checksum" });
  response.write("body");
  response.addTrailers([
    ["X-Checksum", "4\u00e9"],
    ["x-stuntdouble-rule", "another"],
    ["x-more", "1"],
  ]);
  response.end();
};

let upstream: ScriptedUpstream;
let node: Node;
beforeAll(async () => {
  upstream = await startUpstream(withTrailers);
  node = await startNode({
    upstreams: { openai: { url: upstream.url } },
    default: { serve: "forward" },
    control: { enabled: true },
  });
});
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

/** What an HTTP/1.1 client gets behind the body. */
async function behindBody(headers: readonly string[]): Promise<string> {
  const { text } = await rawRequest(node.port, postText(chat, chatBody(), ["connection: close", ...headers]));
  return text.slice(text.lastIndexOf("\r\n0\r\n") + "\r\n0\r\n".length);
}

async function trailersOfH2(headers: object): Promise<[string, object | undefined]> {
  const session = await h2Connect(node.url);
  const stream = h2Open(session, { ":path": chat, ...headers }, chatBody());
  let trailers: object | undefined;
  stream.on("trailers", (fields: Record<string, string>) => {
    trailers = { ...fields };
  });
  const { body } = await h2Response(stream);
  session.close();
  return [body, trailers];
}

describe("the trailers of an upstream's response", () => {
  test("follow the body for a client of HTTP/1.1 that takes them, byte for byte, less those that are ours", async () => {
    expect(await behindBody(["te: trailers"])).toBe("X-Checksum: 4\u00e9\r\nx-more: 1\r\n\r\n");
    expect(await behindBody(["te: deflate;q=0.5, Trailers"])).toContain("x-more: 1");
  });

  test("are left out for one that does not say so", async () => {
    expect(await behindBody([])).toBe("\r\n");
    expect(await behindBody(["te: gzip"])).toBe("\r\n");
  });

  test("follow the body on HTTP/2", async () => {
    const [body, trailers] = await trailersOfH2({});
    expect(body).toBe("body");
    expect(trailers).toMatchObject({ "x-more": "1", "x-checksum": expect.any(String) as string });
    expect(trailers).not.toHaveProperty("x-stuntdouble-rule");
  });

  test("do not follow a response that a fault may have changed, or one that is simulated", async () => {
    for (const control of ["fault=delay;ms=1", `simulate, profile="instant"`]) {
      expect(await behindBody(["te: trailers", `x-stuntdouble: ${control}`])).not.toContain("x-more");
      expect((await trailersOfH2({ "x-stuntdouble": control }))[1]).toBeUndefined();
    }
  });
});

describe("of a request", () => {
  test("the trailers are left out, and its body goes on whole", async () => {
    const number = upstream.received.length;
    const body = chatBody();
    const head = `POST ${chat} HTTP/1.1\r\nhost: h\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n`;
    const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\nx-checksum: 42\r\n\r\n`;
    const { status } = await rawRequest(node.port, head + chunks);
    const received = await upstream.request(number);
    expect(received.body().toString()).toBe(body);
    expect(received.headers).not.toHaveProperty("x-checksum");
    expect(status).toBe(200);
  });

  test("what it says of trailers goes on, and nothing else of its TE", async () => {
    const number = upstream.received.length;
    await behindBody(["te: gzip, trailers"]);
    await behindBody(["te: gzip"]);
    expect((await upstream.request(number)).headers["te"]).toBe("trailers");
    expect((await upstream.request(number + 1)).headers["te"]).toBeUndefined();
  });
});

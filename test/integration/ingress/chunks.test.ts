import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";

const chat = "/v1/chat/completions";

/** The texts of all token events, joined. */
function said(body: string): string {
  return [...body.matchAll(/^data: (\{.*)$/gm)]
    .map(([, data]) => JSON.parse(data!) as { choices: { delta: { content?: string } }[] })
    .map(({ choices }) => choices[0]?.delta.content ?? "")
    .join("");
}

describe("the chunks of a stream over HTTP/1.1", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ control: { enabled: true } });
  });
  afterAll(() => node.stop());

  async function stream(seed: number, more: object = {}): Promise<string> {
    const response = await fetch(node.url + chat, {
      method: "POST",
      headers: { "content-type": "application/json", "x-stuntdouble": "tokens=40, itl=1" },
      body: chatBody({ stream: true, seed, ...more }),
    });
    return await response.text();
  }

  test("of requests sent one behind the other are the whole responses, in their order", async () => {
    const seeds = [1, 2, 3];
    const alone = await Promise.all(seeds.map(async (seed) => said(await stream(seed))));
    const connection = await rawConnect(node.port);
    // The first is the slowest, so the others wait for it without a socket of their own.
    const requests = seeds.map((seed, index) =>
      postText(chat, chatBody({ stream: true, seed }), [`x-stuntdouble: tokens=40, itl=${2 - index}`]),
    );
    connection.socket.write(requests.join(""));
    const { text } = await connection.response({ enough: (got) => got.split("\r\n0\r\n\r\n").length === 4 });
    const responses = text.split("\r\n0\r\n\r\n").slice(0, 3);
    expect(responses.map((each) => each.startsWith("HTTP/1.1 200"))).toEqual([true, true, true]);
    expect(responses.map(said)).toEqual(alone);
  });

  test("count bytes, not characters", async () => {
    const body = await stream(1, { model: "模型-é-🎉" });
    expect(body).toContain(`"model":"模型-é-🎉"`);
    expect(body.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(said(body)).toBe(said(await stream(1)));
  });

  test("reach a slow reader whole", async () => {
    const asking = httpRequest(node.url + chat, {
      method: "POST",
      agent: false,
      headers: { "content-type": "application/json", "x-stuntdouble": "tokens=20000, itl=0" },
    });
    asking.end(chatBody({ stream: true }));
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    response.pause();
    await sleep(100);
    let text = "";
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
    expect(text.match(/"delta":\{"content":"[^"]/g)).toHaveLength(20_000);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    await node.idle();
  });
});

import { expect, test } from "vitest";
import { startNode } from "../../support/node.ts";
import { rawRequest } from "../../support/raw.ts";

/** So many responses, each asked for on a connection of its own, so that every worker gives some. */
async function askOften(port: number, times: number, request: string): Promise<{ status: number; text: string }[]> {
  const responses = await Promise.all(Array.from({ length: times }, () => rawRequest(port, request)));
  return responses.map(({ status, body }) => ({ status, text: body }));
}

test("a response is found by whichever worker is asked, and is gone for all when it is deleted", async () => {
  const node = await startNode({}, { workers: 2 });
  try {
    const body = JSON.stringify({ model: "gpt-4o", input: "Hi" });
    const made = await fetch(`${node.url}/v1/responses`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body,
    });
    const text = await made.text();
    const { id } = JSON.parse(text) as { id: string };
    const get = `GET /v1/responses/${id} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`;
    const before = await askOften(node.port, 30, get);
    expect(before).toEqual(Array.from({ length: 30 }, () => ({ status: 200, text })));
    await fetch(`${node.url}/v1/responses/${id}`, { method: "DELETE" });
    const after = await askOften(node.port, 30, get);
    expect(after.map(({ status }) => status)).toEqual(Array.from({ length: 30 }, () => 404));
  } finally {
    await node.stop();
  }
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";

const sha256 = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";

describe("probes on the traffic port of a node that wants keys", () => {
  let node: Node;
  beforeAll(async () => {
    node = await startNode({ auth: { keys: [{ name: "team", sha256 }] } });
  });
  afterAll(() => node.stop());

  test.each(["/", "/health", "/ping", "/version", "/v1", "/health/liveliness", "/vllm/health"])(
    "GET and HEAD %s need none",
    async (path) => {
      const got = await fetch(node.url + path);
      const head = await fetch(node.url + path, { method: "HEAD" });
      const body = await got.text();
      expect([got.status, head.status]).toEqual([200, 200]);
      expect(await head.text()).toBe("");
      expect(head.headers.get("content-length")).toBe(String(body.length));
      expect(head.headers.get("content-type")).toBe(got.headers.get("content-type"));
    },
  );

  test.each(["/v1/models", "/api/version"])("GET and HEAD %s need one", async (path) => {
    expect((await fetch(node.url + path)).status).toBe(401);
    const head = await fetch(node.url + path, { method: "HEAD", headers: { authorization: "Bearer secret" } });
    const got = await fetch(node.url + path, { headers: { authorization: "Bearer secret" } });
    expect([head.status, got.status]).toEqual([200, 200]);
    expect(head.headers.get("content-length")).toBe(String((await got.text()).length));
  });
});

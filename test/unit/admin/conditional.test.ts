import { describe, expect, test } from "vitest";
import { json, route, type NodeView, type Resource } from "../../../src/admin/resource.ts";
import { createAdmin } from "../../../src/admin/server.ts";
import { outcome } from "../emit/outcome.ts";
import { createTestNode } from "./node-view.ts";

function create(changes: Partial<NodeView> = {}, resources?: readonly Resource[]) {
  const node = createTestNode(
    [{ outcomes: ["c", "b", "a"].map((id, index) => outcome({ id, startedAtMs: 9 - index })) }],
    changes,
  );
  const options = { tokenSha256: () => undefined, failed: () => undefined, ...(resources && { resources }) };
  return { node, app: createAdmin(node, options) };
}

describe("a list", () => {
  test("has a page behind the first, which the response and its Link header name", async () => {
    const { app } = create();
    const first = await app.inject("/admin/v1/requests?limit=2&mode=simulated");
    const { requests, next } = first.json<{ requests: { id: string }[]; next: string }>();
    expect(requests.map(({ id }) => id)).toEqual(["c", "b"]);
    const link = `/admin/v1/requests?limit=2&mode=simulated&cursor=${next}`;
    expect(first.headers.link).toBe(`<${link}>; rel="next"`);
    const second = await app.inject(link);
    expect([second.json(), second.headers.link]).toMatchObject([{ requests: [{ id: "a" }] }, undefined]);
    expect(second.json()).not.toHaveProperty("next");
  });

  test.each(["requests", "experiments", "audit", "replies", "records"])(
    "of %s refuses a cursor that is none",
    async (name) => {
      const response = await create().app.inject(`/admin/v1/${name}?cursor=x`);
      expect(response.json()).toMatchObject({
        type: "urn:stuntdouble:problem:invalid-parameter",
        detail: "cursor must be what `next` of the page before says.",
      });
    },
  );
});

describe("what can be changed", () => {
  const things: Resource = {
    routes: [
      route({
        method: "GET",
        path: "/admin/v1/thing",
        summary: "",
        isVersioned: true,
        respond: () => json({ on: true }, 200, "1"),
      }),
      route({
        method: "PUT",
        path: "/admin/v1/thing",
        summary: "",
        isVersioned: true,
        respond({ requireVersion, audit }) {
          requireVersion("1");
          audit("thing changed", { id: "thing" });
          return json({ on: false });
        },
      }),
    ],
  };

  test("is not sent again to one who has it", async () => {
    const { app } = create({}, [things]);
    const { headers, statusCode } = await app.inject("/admin/v1/thing");
    const again = await app.inject({ url: "/admin/v1/thing", headers: { "if-none-match": String(headers.etag) } });
    expect([statusCode, again.statusCode, again.body, again.headers.etag]).toEqual([200, 304, "", headers.etag]);
  });

  test("is changed by one who knows it, and the audit log says who did it from where", async () => {
    const { app, node } = create({}, [things]);
    const { headers } = await app.inject("/admin/v1/thing");
    const ifMatch = { "if-match": String(headers.etag) };
    expect((await app.inject({ method: "PUT", url: "/admin/v1/thing", headers: ifMatch })).statusCode).toBe(200);
    expect(node.audit.entries()).toMatchObject([
      { what: "thing changed", id: "thing", by: "127.0.0.1", from: "127.0.0.1" },
    ]);
  });

  test("stays as it is for one who knows another version", async () => {
    const { app, node } = create({}, [things]);
    const response = await app.inject({ method: "PUT", url: "/admin/v1/thing", headers: { "if-match": '"other"' } });
    expect(response.json()).toMatchObject({ status: 412, type: "urn:stuntdouble:problem:precondition-failed" });
    expect(node.audit.entries()).toEqual([]);
  });
});

describe("a configuration that is sent", () => {
  const post = (app: ReturnType<typeof create>["app"], type: string, name = "check") =>
    app.inject({ method: "POST", url: `/admin/v1/config/${name}`, headers: { "content-type": type }, payload: "{}" });

  test.each(["application/yaml", "application/json", "application/yaml; charset=utf-8"])("may be %s", async (type) => {
    expect((await post(create().app, type)).json()).toEqual({ valid: true, findings: [] });
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])(
    "cannot be %s, which forms of other sites send",
    async (type) => {
      expect((await post(create().app, type)).json()).toMatchObject({
        status: 415,
        type: "urn:stuntdouble:problem:unsupported-type",
      });
    },
  );

  test("may be longer than other bodies", async () => {
    const { app } = create();
    const url = "/admin/v1/config/check";
    const headers = { "content-type": "application/yaml" };
    expect((await app.inject({ method: "POST", url, headers, payload: `# ${"x".repeat(500_000)}` })).statusCode).toBe(
      200,
    );
    expect((await app.inject({ method: "POST", url, headers, payload: "x".repeat(1_100_000) })).json()).toMatchObject({
      status: 413,
    });
  });
});

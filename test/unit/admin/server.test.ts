import { hash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { question } from "../../../src/admin/question.ts";
import { json, route, text, type NodeView, type Resource } from "../../../src/admin/resource.ts";
import { createAdmin, type AdminOptions } from "../../../src/admin/server.ts";
import { StuntdoubleError } from "../../../src/core/errors.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { outcome, timeline } from "../emit/outcome.ts";
import { createTestNode, status, type TestLoop } from "./node-view.ts";

type Changes = Partial<NodeView> & Partial<AdminOptions> & { readonly loops?: readonly TestLoop[] };

function createTestAdmin({ loops, ...changes }: Changes = {}) {
  const failures: unknown[] = [];
  const options = { tokenSha256: () => undefined, failed: (error: unknown) => void failures.push(error), ...changes };
  return { app: createAdmin(createTestNode(loops, changes), options), failures };
}

function withRequests(...outcomes: Outcome[]) {
  return createTestAdmin({ loops: [{ outcomes }] }).app;
}

const traceId = "0af7651916cd43dd8448eb211c80319c";
const problemType = "application/problem+json; charset=utf-8";

describe("probes and metrics", () => {
  test("/healthz says ok", async () => {
    const response = await createTestAdmin().app.inject("/healthz");
    expect([response.statusCode, response.body]).toEqual([200, "ok\n"]);
  });

  test.each([
    [true, 200],
    [false, 503],
  ])("/readyz with isReady %s answers %i", async (ready, code) => {
    const response = await createTestAdmin({ isReady: () => ready }).app.inject("/readyz");
    expect(response.statusCode).toBe(code);
  });

  test("/metrics has the content type of the Prometheus text format", async () => {
    const response = await createTestAdmin().app.inject("/metrics");
    expect(response.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(response.body).toBe("# HELP a b\n");
  });

  test.each(["/healthz", "/readyz", "/metrics", "/admin/v1/status"])(
    "HEAD %s has the head and no body",
    async (url) => {
      const response = await createTestAdmin().app.inject({ method: "HEAD", url });
      expect([response.statusCode, response.body]).toEqual([200, ""]);
    },
  );
});

test.each(["/", "/admin/v1"])("%s lists every path with what it is for and its parameters", async (url) => {
  const response = await createTestAdmin().app.inject(url);
  const { routes } = response.json<{ routes: { method: string; path: string }[] }>();
  expect(routes).toContainEqual({
    method: "GET",
    path: "/admin/v1/status",
    summary: expect.stringContaining("breakers"),
    parameters: {},
  });
  expect(routes.find(({ path }) => path === "/admin/v1/requests")).toMatchObject({
    parameters: { ending: "finish, cut, reset, stall or client-gone" },
  });
  expect(routes.map(({ path }) => path)).toEqual(expect.arrayContaining(["/", "/healthz", "/admin/v1/reload"]));
});

test("the list of all paths needs the token like the paths in it", async () => {
  const { app } = createTestAdmin({ tokenSha256: () => hash("sha256", "secret") });
  expect((await app.inject("/")).statusCode).toBe(401);
});

describe("readings", () => {
  test("status, shadow and config are given as JSON that no cache keeps", async () => {
    const { app } = createTestAdmin({ loops: [{ breakers: { openai: "closed" } }] });
    const responses = await Promise.all(["status", "shadow", "config"].map((name) => app.inject(`/admin/v1/${name}`)));
    expect(responses.map((response) => response.json())).toEqual([
      { ...status, breakers: { openai: "closed" } },
      { strata: [] },
      { listen: { port: 8080 } },
    ]);
    for (const { headers } of responses) {
      expect(headers["content-type"]).toBe("application/json; charset=utf-8");
      expect(headers["cache-control"]).toBe("no-store");
    }
  });

  test("a failing view is a problem without its reason, which is told to the app", async () => {
    const error = new Error("secret detail");
    const { app, failures } = createTestAdmin({ ask: () => Promise.reject(error) });
    const response = await app.inject("/admin/v1/status");
    expect([response.statusCode, response.headers["content-type"]]).toEqual([500, problemType]);
    expect(response.body).not.toContain("secret detail");
    expect(failures).toEqual([error]);
  });
});

describe("requests", () => {
  const calls = [
    outcome({
      id: "c",
      mode: "real",
      rule: "one-in-ten",
      model: "gpt-4o",
      faults: [],
      status: 429,
      upstreamRequestId: "theirs",
    }),
    outcome({
      id: "b",
      mode: "simulated",
      rule: "flaky",
      model: "gpt-4o",
      faults: ["drip", "cut"],
      ending: "cut",
      traceId,
    }),
    outcome({
      id: "a",
      mode: "simulated",
      rule: "default",
      model: "o3",
      faults: [],
      status: 503,
      keyName: "team-a",
      traceId,
    }),
  ];
  const ids = (body: { requests: Outcome[] }) => body.requests.map(({ id }) => id);

  test.each([
    ["", ["c", "b", "a"]],
    ["?limit=2", ["c", "b"]],
    ["?mode=simulated", ["b", "a"]],
    ["?status=429", ["c"]],
    ["?status=5xx", ["a"]],
    ["?status=2xx", ["b"]],
    ["?key=team-a", ["a"]],
    ["?ending=cut", ["b"]],
    ["?id=b", ["b"]],
    ["?id=theirs", ["c"]],
    ["?id=0af7651916cd43dd8448eb211c80319c", ["b", "a"]],
    ["?id=0af7651916cd43dd8448eb211c80319c&status=5xx", ["a"]],
    ["?rule=flaky", ["b"]],
    ["?fault=cut", ["b"]],
    ["?model=gpt-4o&mode=real", ["c"]],
    ["?mode=simulated&limit=1", ["b"]],
    ["?rule=unheard-of", []],
  ])("with the query %j are %j", async (query, expected) => {
    const response = await withRequests(...calls).inject(`/admin/v1/requests${query}`);
    expect(ids(response.json())).toEqual(expected);
  });

  test("are 100 unless a limit says otherwise", async () => {
    const app = withRequests(...Array.from({ length: 1000 }, (_, index) => outcome({ id: `req-${index}` })));
    expect(ids((await app.inject("/admin/v1/requests")).json())).toHaveLength(100);
    expect(ids((await app.inject("/admin/v1/requests?limit=1000")).json())).toHaveLength(1000);
  });

  test("hold the planned and the actual timeline, the rule and the faults", async () => {
    const one = outcome({ planned: timeline(249, 264), actual: timeline(250, 265), rule: "flaky", faults: ["cut"] });
    const response = await withRequests(one).inject("/admin/v1/requests/req-1");
    expect(response.json()).toMatchObject({
      rule: "flaky",
      faults: ["cut"],
      planned: { ttftMs: 249, atMs: [249, 264] },
      actual: { ttftMs: 250, atMs: [250, 265] },
    });
  });

  test("are found by their id, also a long one that needs escaping", async () => {
    const id = `a/b?c ${"x".repeat(300)}`;
    const response = await withRequests(outcome({ id })).inject(`/admin/v1/requests/${encodeURIComponent(id)}`);
    expect(response.json()).toMatchObject({ id });
  });

  test("with an id that is not known are a 404", async () => {
    const response = await withRequests().inject("/admin/v1/requests/none");
    expect([response.statusCode, response.headers["content-type"]]).toEqual([404, problemType]);
  });

  test.each([
    ["limit=0", "from 1 to 1000"],
    ["limit=1001", "from 1 to 1000"],
    ["limit=1e2", "from 1 to 1000"],
    ["limit=-1", "from 1 to 1000"],
    ["limit=", "from 1 to 1000"],
    ["status=>=500", "a class such as 5xx"],
    ["status=6xx", "a class such as 5xx"],
    ["ending=ended", "finish, cut, reset, stall or client-gone"],
    ["mode=fake", "real, simulated, replayed, fault or own"],
    ["modle=x", "limit, cursor, id, status, key, model, mode, rule, fault, ending"],
    ["__proto__=x", "limit, cursor, id, status, key, model, mode, rule, fault, ending"],
    ["constructor=x", "limit, cursor, id, status, key, model, mode, rule, fault, ending"],
    ["rule=", "the name of a rule"],
    ["rule=a&rule=b", "once"],
  ])("with %s are refused, naming what is allowed", async (query, named) => {
    const response = await withRequests().inject(`/admin/v1/requests?${query}`);
    expect([response.statusCode, response.headers["content-type"]]).toEqual([400, problemType]);
    expect(response.json()).toMatchObject({ status: 400, title: "Bad Request" });
    expect(response.json<{ detail: string }>().detail).toContain(named);
  });

  test("a route without parameters says so", async () => {
    const response = await createTestAdmin().app.inject("/admin/v1/status?verbose=1");
    expect(response.json()).toMatchObject({ status: 400, detail: expect.stringContaining("takes none") });
  });
});

describe("reload", () => {
  test("gives the new generation", async () => {
    const response = await createTestAdmin().app.inject({ method: "POST", url: "/admin/v1/reload" });
    expect([response.statusCode, response.json()]).toEqual([200, { generation: 2 }]);
  });

  test("of a bad configuration lists every error", async () => {
    const errors = ["line 3: listen.prt is unknown", "line 9: percentage must be 0 to 100"];
    const { app } = createTestAdmin({ reload: async () => ({ ok: false, errors }) });
    const response = await app.inject({ method: "POST", url: "/admin/v1/reload" });
    expect([response.statusCode, response.headers["content-type"]]).toEqual([422, problemType]);
    expect(response.json()).toMatchObject({ errors });
  });
});

describe("what is not there", () => {
  test("an unknown path is a 404 that does not repeat the query", async () => {
    const response = await createTestAdmin().app.inject("/admin/v2?token=abc");
    expect([response.statusCode, response.headers["content-type"]]).toEqual([404, problemType]);
    expect(response.body).not.toContain("abc");
  });

  test.each([
    ["POST", "/metrics", "GET, HEAD"],
    ["DELETE", "/admin/v1/requests/a", "GET, HEAD"],
    ["OPTIONS", "/admin/v1/config", "GET, HEAD"],
    ["GET", "/admin/v1/reload", "POST"],
    ["HEAD", "/admin/v1/reload", "POST"],
  ] as const)("%s %s is a 405 that names %s", async (method, url, allow) => {
    const response = await createTestAdmin().app.inject({ method, url });
    expect([response.statusCode, response.headers.allow]).toEqual([405, allow]);
  });

  test("a body of more than 64 KB is refused", async () => {
    const payload = JSON.stringify({ a: "x".repeat(70_000) });
    const headers = { "content-type": "application/json" };
    const response = await createTestAdmin().app.inject({ method: "POST", url: "/admin/v1/reload", payload, headers });
    expect([response.statusCode, response.headers["content-type"]]).toEqual([413, problemType]);
  });

  test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
    "a body of the type %s, which any page can send, is refused",
    async (type) => {
      const headers = { "content-type": type };
      const response = await createTestAdmin().app.inject({
        method: "POST",
        url: "/admin/v1/reload",
        payload: "a",
        headers,
      });
      expect([response.statusCode, response.headers["content-type"]]).toEqual([415, problemType]);
    },
  );
});

describe("a token", () => {
  const token = "admin-token-1";
  const { app } = createTestAdmin({ tokenSha256: () => hash("sha256", token) });
  const ask = (authorization: string | undefined, url = "/admin/v1/status", method: "GET" | "POST" = "GET") =>
    app.inject({ method, url, headers: authorization === undefined ? {} : { authorization } });

  test.each([
    undefined,
    "",
    "Bearer",
    "Bearer wrong",
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Basic ${token}`,
    token,
    `Bearer ${hash("sha256", token)}`,
  ])("that is not presented, as by %j, is asked for on every route but the probes", async (authorization) => {
    const urls = ["/metrics", "/admin/v1/status", "/admin/v1/config", "/admin/v1/requests", "/nowhere", "/HEALTHZ"];
    for (const url of urls) {
      const response = await ask(authorization, url);
      expect([response.statusCode, response.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
      expect(response.headers["content-type"]).toBe(problemType);
      expect(response.body).not.toContain("admin-token");
    }
    expect((await ask(authorization, "/admin/v1/reload", "POST")).statusCode).toBe(401);
    for (const url of ["/healthz", "/readyz"]) expect((await ask(authorization, url)).statusCode).toBe(200);
  });

  test.each([`Bearer ${token}`, `bearer  ${token}`])("that is presented, as by %j, lets in", async (authorization) => {
    expect((await ask(authorization)).statusCode).toBe(200);
    expect((await ask(authorization, "/metrics")).statusCode).toBe(200);
    expect((await ask(authorization, "/nowhere")).statusCode).toBe(404);
  });

  test("does not let in a page of another site", async () => {
    const headers = { authorization: `Bearer ${token}`, origin: "http://evil.example" };
    expect((await app.inject({ method: "GET", url: "/admin/v1/status", headers })).statusCode).toBe(403);
  });
});

describe("pages of other sites", () => {
  const ask = (headers: Record<string, string>, url = "/admin/v1/status", hosts?: readonly string[]) =>
    createTestAdmin(hosts === undefined ? {} : { hosts }).app.inject({ method: "GET", url, headers });

  test.each(["http://evil.example", "null", "https://127.0.0.1:8081", "http://127.0.0.1:9000"])(
    "an origin %s is refused on every route",
    async (origin) => {
      const urls = ["/healthz", "/metrics", "/admin/v1/status", "/nowhere"];
      const responses = await Promise.all(urls.map((url) => ask({ host: "127.0.0.1:8081", origin }, url)));
      expect(responses.map(({ statusCode }) => statusCode)).toEqual([403, 403, 403, 403]);
      expect(responses[0]!.headers["content-type"]).toBe(problemType);
    },
  );

  test("a reload from another origin does not happen", async () => {
    let reloads = 0;
    const { app } = createTestAdmin({
      reload: async () => {
        reloads += 1;
        return { ok: true, generation: 1 };
      },
    });
    const headers = { host: "127.0.0.1:8081", origin: "http://evil.example" };
    await app.inject({ method: "POST", url: "/admin/v1/reload", headers });
    expect(reloads).toBe(0);
  });

  test("the own origin is taken", async () => {
    const response = await ask({ host: "127.0.0.1:8081", origin: "http://127.0.0.1:8081" });
    expect(response.statusCode).toBe(200);
  });

  test.each(["evil.example:8081", "127.0.0.1.evil.example", "a.b:c:d", "evil.example."])(
    "the public host name %s is refused, also when it is the page's own origin",
    async (host) => {
      const responses = await Promise.all([ask({ host }), ask({ host, origin: `http://${host}` })]);
      expect(responses.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    },
  );

  test.each([
    "127.0.0.1:8081",
    "10.2.3.4",
    "[::1]:8081",
    "localhost:8081",
    "stuntdouble:8081",
    "a.localhost",
    "sidecar.default.svc",
    "sidecar.default.svc.cluster.local:8081",
    "box.local",
    "node.internal",
  ])("the host %s is taken", async (host) => {
    expect((await ask({ host })).statusCode).toBe(200);
  });

  test("a public host name is taken when it is named in the options", async () => {
    const response = await ask({ host: "Admin.Example.com:8081" }, "/admin/v1/status", ["admin.example.com"]);
    expect(response.statusCode).toBe(200);
  });

  test("probes response under any host name", async () => {
    const responses = await Promise.all(["/healthz", "/readyz"].map((url) => ask({ host: "node.example.com" }, url)));
    expect(responses.map(({ statusCode }) => statusCode)).toEqual([200, 200]);
  });
});

describe("a resource", () => {
  const slowest = question({
    name: "slowest",
    reply: (loop, overMs: number) => loop.journal.last(10).filter(({ actual }) => actual.totalMs > overMs).length,
    merge: (replies) => replies.reduce((total, count) => total + count, 0),
  });
  const resource: Resource = {
    questions: [slowest],
    routes: [
      route({
        method: "GET",
        path: "/admin/v1/slow",
        summary: "slow calls",
        parameters: { overMs: { allowed: "a number", accepts: (value) => Number.isFinite(Number(value)) } },
        respond: async ({ node, query }) => json({ slow: await node.ask(slowest, Number(query.overMs)) }),
      }),
      route({ method: "PUT", path: "/admin/v1/slow", summary: "", respond: ({ body }) => json(body, 201) }),
      route({
        method: "DELETE",
        path: "/admin/v1/slow/:id",
        summary: "",
        respond: ({ id }) => text(`${id} is gone\n`),
      }),
    ],
  };
  const { app } = createTestAdmin({
    resources: [resource],
    loops: [{ outcomes: [outcome({ actual: timeline(1) })] }, { outcomes: [outcome({ actual: timeline(800) })] }],
  });

  test("asks every event loop with what the caller gave, and adds up the replies", async () => {
    expect((await app.inject("/admin/v1/slow?overMs=0")).json()).toEqual({ slow: 2 });
    expect((await app.inject("/admin/v1/slow?overMs=500")).json()).toEqual({ slow: 1 });
  });

  test("gets the JSON that was sent, and says the status of its response", async () => {
    const response = await app.inject({ method: "PUT", url: "/admin/v1/slow", payload: { overMs: 5 } });
    expect([response.statusCode, response.json()]).toEqual([201, { overMs: 5 }]);
  });

  test("gets the id of its path, decoded", async () => {
    const response = await app.inject({ method: "DELETE", url: "/admin/v1/slow/a%2Fb" });
    expect([response.headers["content-type"], response.body]).toEqual(["text/plain; charset=utf-8", "a/b is gone\n"]);
  });

  test.each([
    ["PATCH", "/admin/v1/slow", "GET, HEAD, PUT"],
    ["GET", "/admin/v1/slow/a", "DELETE"],
  ] as const)("with several methods on a path names all of them: %s %s", async (method, url, allow) => {
    const response = await app.inject({ method, url });
    expect([response.statusCode, response.headers.allow]).toEqual([405, allow]);
  });
});

describe("an error of an event loop", () => {
  const failing = (error: Error) =>
    createTestAdmin({
      ask: async () => {
        throw error;
      },
    });

  test("keeps its code, status and message where the caller is at fault", async () => {
    const { app, failures } = failing(new StuntdoubleError("NOT_FOUND", "There is no experiment a."));
    const response = await app.inject("/admin/v1/shadow");
    expect([response.statusCode, response.headers["content-type"]]).toEqual([404, problemType]);
    expect(response.json()).toMatchObject({ code: "NOT_FOUND", detail: "There is no experiment a." });
    expect(failures).toEqual([]);
  });

  test("is an internal error where we are, and the app is told", async () => {
    const error = new StuntdoubleError("INTERNAL", "secret detail");
    const { app, failures } = failing(error);
    const response = await app.inject("/admin/v1/shadow");
    expect(response.json()).toMatchObject({ status: 500, detail: "Internal error; the log has the reason." });
    expect(failures).toEqual([error]);
  });
});

import { hash } from "node:crypto";
import { Script } from "node:vm";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { pages, pathOf } from "../../../../src/admin/dashboard/view/types.ts";
import type { NodeView } from "../../../../src/admin/resource.ts";
import { createAdmin } from "../../../../src/admin/server.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { outcome } from "../../emit/outcome.ts";
import { createTestNode } from "../node-view.ts";

type Given = Partial<NodeView> & { readonly token?: string; readonly outcomes?: readonly Outcome[] };

function createTestAdmin({ token, outcomes = [], ...changes }: Given = {}) {
  const sha256 = token === undefined ? undefined : hash("sha256", token);
  return createAdmin(createTestNode([{ outcomes }], changes), { tokenSha256: () => sha256, failed: () => undefined });
}

const browser = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };
const form = { "content-type": "application/x-www-form-urlencoded" };
const cookieOf = (header: string | string[] | number | undefined): string => String(header).split(";")[0] ?? "";
const csrfOf = (html: string): string => /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? "";

/** The cells of a table, its head among them. */
function cellsOf(html: string, table: string): string[] {
  const from = html.slice(html.indexOf(`aria-label="${table}"`));
  const cells = from.slice(0, from.indexOf("</table>")).matchAll(/<t[hd](?: [^>]*)?>([^<]*)/g);
  return [...cells].map(([, cell = ""]) => cell);
}

describe("pages without script", () => {
  test.each(pages)(
    "%s has its heading, its link is the current one, and nothing in it is a script of its own",
    async (page) => {
      const response = await createTestAdmin().inject({ url: pathOf(page), headers: browser });
      expect(response.statusCode).toBe(200);
      expect(response.body).toContain(`<a href="${pathOf(page)}" aria-current="page">`);
      expect(response.body.match(/<script[^>]*>/g)).toEqual(['<script type="module" src="/dashboard/script.js">']);
      expect(response.body).not.toMatch(/ style=| on\w+=/);
      expect(response.headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'");
    },
  );

  test("a browser gets the dashboard at /, and what takes anything the list of paths", async () => {
    const admin = createTestAdmin();
    expect((await admin.inject({ url: "/", headers: browser })).headers["content-type"]).toContain("text/html");
    expect((await admin.inject({ url: "/" })).json()).toHaveProperty("routes");
  });

  test("calls are filtered by the server too", async () => {
    const admin = createTestAdmin({ outcomes: [outcome({ id: "one", rule: "a" }), outcome({ id: "two", rule: "b" })] });
    const { body } = await admin.inject({ url: "/dashboard/requests?text=b", headers: browser });
    expect([body.includes(">two<"), body.includes(">one<")]).toEqual([true, false]);
  });

  test("one call is shown with its timeline", async () => {
    const admin = createTestAdmin({ outcomes: [outcome({ id: "one" })] });
    const { body } = await admin.inject({ url: "/dashboard/requests?id=one", headers: browser });
    expect(body).toContain("<h2>Call one</h2>");
    expect(body).toContain('aria-label="Timeline: ');
  });

  test.each([
    ["rule=b", ["two"]],
    ["model=gpt-4", ["one"]],
    ["key=team", ["two"]],
    ["ending=cut", ["two"]],
    ["mode=real", ["two"]],
    ["injected=yes", ["two"]],
    ["injected=no", ["one"]],
    ["text=TWO", ["two"]],
    ["rule=b&injected=no", []],
  ])("of the calls, %s lists %j", async (query, wanted) => {
    const two = {
      id: "two",
      rule: "b",
      model: "claude",
      keyName: "team-a",
      ending: "cut",
      mode: "real",
      faults: ["cut"],
    } as const;
    const admin = createTestAdmin({ outcomes: [outcome({ id: "one", rule: "a" }), outcome(two)] });
    const { body } = await admin.inject({ url: `/dashboard/requests?${query}`, headers: browser });
    expect(["one", "two"].filter((id) => body.includes(`>${id}</a>`))).toEqual(wanted);
  });

  test("the link of a call keeps the filter", async () => {
    const admin = createTestAdmin({ outcomes: [outcome({ id: "one", rule: "a" })] });
    const { body } = await admin.inject({ url: "/dashboard/requests?rule=a&ending=finish", headers: browser });
    expect(body).toContain('href="/dashboard/requests?id=one&amp;rule=a&amp;ending=finish"');
  });

  test("what a call waited for is told phase by phase, from the queue to its last token, and when a fault took effect", async () => {
    const call = outcome({
      id: "one",
      queueMs: 100,
      askedMs: 2,
      connectingMs: 5,
      connectedMs: 12,
      headMs: 62,
      faults: ["cut"],
      faultAtMs: [275],
      actual: { ttftMs: 250, totalMs: 280, tokens: 3, atMs: [250, 265, 280] },
    });
    const { body } = await createTestAdmin({ outcomes: [call] }).inject({
      url: "/dashboard/requests?id=one",
      headers: browser,
    });
    expect(body).toContain("fault cut, 375 ms</text>");
    const cells = cellsOf(body, "Phases");
    const rows = Array.from({ length: cells.length / 4 }, (_, row) => cells.slice(row * 4, row * 4 + 4).join(" | "));
    expect(rows).toEqual([
      "phase | from | to | took",
      "in the queue | 0.0 ms | 100 ms | 100 ms",
      "before the upstream was asked | 100 ms | 102 ms | 2.0 ms",
      "until there was a connection | 102 ms | 105 ms | 3.0 ms",
      "connect | 105 ms | 112 ms | 7.0 ms",
      "until the response began | 112 ms | 162 ms | 50 ms",
      "until the first token | 162 ms | 350 ms | 188 ms",
      "tokens | 350 ms | 380 ms | 30 ms",
      "fault cut took effect | 375 ms |  | ",
    ]);
  });

  test("faults that took effect one soon after the other are written one below the other", async () => {
    const call = outcome({ id: "one", faults: ["delay", "cut"], faultAtMs: [250, 251] });
    const admin = createTestAdmin({ outcomes: [call] });
    const { body } = await admin.inject({ url: "/dashboard/requests?id=one", headers: browser });
    const heights = body.matchAll(/<text class="struck"[^>]* y="(\d+)"/g);
    expect(new Set([...heights].map(([, y]) => y)).size).toBe(2);
  });

  test("each gap of a call is told beside the one that was planned", async () => {
    const planned = { ttftMs: 200, totalMs: 220, tokens: 2, atMs: [200, 220] };
    const actual = { ttftMs: 203, totalMs: 228, tokens: 2, atMs: [203, 228] };
    const admin = createTestAdmin({ outcomes: [outcome({ id: "one", planned, actual })] });
    const { body } = await admin.inject({ url: "/dashboard/requests?id=one", headers: browser });
    expect(cellsOf(body, "Each token").slice(6)).toEqual([
      "1",
      "203 ms",
      "203 ms",
      "200 ms",
      "200 ms",
      "3.0 ms",
      "2",
      "228 ms",
      "25 ms",
      "220 ms",
      "20 ms",
      "8.0 ms",
    ]);
  });

  test("names of callers are texts wherever they stand, are cut, and hold no control characters", async () => {
    const evil = `"><script>alert(1)</script><img src=x onerror=alert(1)>\u001B[31m${"y".repeat(65_536)}`;
    const admin = createTestAdmin({
      outcomes: [outcome({ id: evil, rule: evil, model: evil, upstream: evil, keyName: evil })],
      parts: () => ({
        rules: [{ name: evil, serve: evil, when: evil, faults: [] }],
        upstreams: [{ name: evil, urls: [evil] }],
        experiments: [],
      }),
    });
    for (const page of pages) {
      const { body } = await admin.inject({ url: pathOf(page), headers: browser });
      for (const acting of ["<script>", "<img", "\u001B"]) expect(body).not.toContain(acting);
      expect(body.length).toBeLessThan(200_000);
    }
  });

  test("a page that is not there gets 404", async () => {
    expect((await createTestAdmin().inject("/dashboard/nothing")).statusCode).toBe(404);
  });

  test("the script is one file, with no types and nothing to import", async () => {
    const response = await createTestAdmin().inject("/dashboard/script.js");
    expect(response.headers["content-type"]).toBe("text/javascript; charset=utf-8");
    expect(() => new Script(response.body)).not.toThrow();
  });

  test("a browser that has the script asks whether it is still the same, and gets nothing", async () => {
    const admin = createTestAdmin();
    const { headers } = await admin.inject("/dashboard/script.js");
    expect(headers["cache-control"]).toBe("no-cache");
    const again = await admin.inject({
      url: "/dashboard/script.js",
      headers: { "if-none-match": String(headers.etag) },
    });
    expect([again.statusCode, again.body]).toEqual([304, ""]);
  });

  test("all that a page loads takes at most 150 KB, compressed", async () => {
    const admin = createTestAdmin();
    const sizes = new Map<string, number>();
    const load = async (url: string): Promise<void> => {
      if (sizes.has(url)) return;
      sizes.set(url, 0);
      const { body } = await admin.inject({ url, headers: browser });
      sizes.set(url, gzipSync(body).length);
      for (const [, specifier = ""] of body.matchAll(/(?:from|src=|href=)\s*"([^"]+\.(?:js|css))"/g))
        await load(new URL(specifier, `http://node${url}`).pathname);
    };
    await load("/");
    expect([...sizes.keys()]).toEqual(["/", "/dashboard/style.css", "/dashboard/script.js"]);
    expect([...sizes.values()].reduce((sum, size) => sum + size)).toBeLessThan(150 * 1024);
  });
});

describe("changes", () => {
  test("stop all is a form with the CSRF token of the page, and turns the kill switch on", async () => {
    const stopped: string[] = [];
    const node = createTestNode();
    const experiments = { ...node.experiments, stopAll: async (by: string) => (stopped.push(by), []) };
    const admin = createTestAdmin({ experiments });
    const page = await admin.inject({ url: "/dashboard/chaos", headers: browser });
    const cookie = cookieOf(page.headers["set-cookie"]);
    const change = (payload: string) =>
      admin.inject({
        method: "POST",
        url: "/dashboard/do/stop-all",
        headers: { ...form, cookie, host: "localhost", origin: "http://localhost" },
        payload,
      });
    expect((await change("csrf=guess")).statusCode).toBe(403);
    expect((await change("")).statusCode).toBe(403);
    const good = await change(`csrf=${encodeURIComponent(csrfOf(page.body))}`);
    expect([good.statusCode, good.headers.location]).toEqual([303, "/dashboard/chaos"]);
    expect(stopped).toHaveLength(1);
  });

  test("a request is explained only for who has the CSRF token, and what cannot be one is refused on the page", async () => {
    const admin = createTestAdmin();
    const page = await admin.inject({ url: "/dashboard/rules", headers: browser });
    const cookie = cookieOf(page.headers["set-cookie"]);
    const explain = (fields: Record<string, string>) =>
      admin.inject({
        method: "POST",
        url: "/dashboard/rules",
        headers: { ...form, cookie },
        payload: new URLSearchParams({ method: "POST", path: "/v1/models", ...fields }).toString(),
      });
    const csrf = csrfOf(page.body);
    expect((await explain({})).statusCode).toBe(403);
    expect((await explain({ csrf })).body).toContain("decided by default");
    expect((await explain({ csrf, path: "/v1/a b" })).body).toContain("The path must have no spaces.");
    expect((await explain({ csrf, method: "" })).body).toContain("The method must be one word.");
  });

  test("a change by a page needs the CSRF token at the API as well; one by a program does not", async () => {
    const admin = createTestAdmin();
    const change = { method: "POST", url: "/admin/v1/experiments/resume" } as const;
    const origin = { host: "localhost", origin: "http://localhost" };
    expect((await admin.inject({ ...change, headers: origin })).statusCode).toBe(403);
    expect((await admin.inject({ ...change, headers: { "sec-fetch-site": "cross-site" } })).statusCode).toBe(403);
    expect((await admin.inject(change)).statusCode).toBe(200);
  });

  test("an experiment that cannot be read is refused with the reason on the page, which still has it", async () => {
    const admin = createTestAdmin();
    const page = await admin.inject({ url: "/dashboard/chaos", headers: browser });
    const response = await admin.inject({
      method: "POST",
      url: "/dashboard/do/start",
      headers: { ...form, cookie: cookieOf(page.headers["set-cookie"]) },
      payload: `csrf=${encodeURIComponent(csrfOf(page.body))}&experiment=%7Bbad`,
    });
    expect(response.body).toContain("It cannot be read.");
    expect(response.body).toContain(">{bad</textarea>");
  });

  test("the API takes no forms, which a page of another site could send", async () => {
    const response = await createTestAdmin().inject({
      method: "POST",
      url: "/admin/v1/experiments",
      headers: form,
      payload: "name=a",
    });
    expect(response.statusCode).toBe(415);
  });
});

describe("with a token", () => {
  const token = "secret-of-the-admin";

  test("nothing is reachable without it but health and the login", async () => {
    const admin = createTestAdmin({ token });
    const urls = [...pages.map(pathOf), "/dashboard/style.css", "/admin/v1/live", "/metrics", "/dashboard/script.js"];
    for (const url of urls) expect([url, (await admin.inject(url)).statusCode]).toEqual([url, 401]);
    for (const url of ["/healthz", "/readyz", "/login"]) expect((await admin.inject(url)).statusCode).toBe(200);
  });

  test("a browser without a session is sent to the login", async () => {
    const response = await createTestAdmin({ token }).inject({ url: "/dashboard/chaos", headers: browser });
    expect([response.statusCode, response.headers.location]).toEqual([303, "/login"]);
  });

  test("the token opens a session, which logging out ends in this browser", async () => {
    const admin = createTestAdmin({ token });
    const login = await admin.inject({ method: "POST", url: "/login", headers: form, payload: `token=${token}` });
    expect([login.statusCode, login.headers.location]).toEqual([303, "/"]);
    expect(String(login.headers["set-cookie"])).toMatch(/; HttpOnly; SameSite=Strict/);
    const cookie = cookieOf(login.headers["set-cookie"]);
    const page = await admin.inject({ url: "/dashboard/chaos", headers: { ...browser, cookie } });
    expect(page.statusCode).toBe(200);
    expect(page.body + String(login.headers["set-cookie"])).not.toContain(token);
    const logout = await admin.inject({
      method: "POST",
      url: "/dashboard/do/logout",
      headers: { ...form, cookie },
      payload: `csrf=${encodeURIComponent(csrfOf(page.body))}`,
    });
    expect(String(logout.headers["set-cookie"])).toContain("stuntdouble_session=;");
  });

  test("a wrong token opens none, and is not shown again", async () => {
    const admin = createTestAdmin({ token });
    const response = await admin.inject({
      method: "POST",
      url: "/login",
      headers: form,
      payload: "token=guess-of-mine",
    });
    expect([response.statusCode, response.headers["set-cookie"]]).toEqual([401, undefined]);
    expect(response.body).toContain("This is not the token");
    expect(response.body).not.toContain("guess-of-mine");
  });

  test("a cookie does not let a change through without the CSRF token", async () => {
    const admin = createTestAdmin({ token });
    const login = await admin.inject({ method: "POST", url: "/login", headers: form, payload: `token=${token}` });
    const cookie = cookieOf(login.headers["set-cookie"]);
    const change = { method: "POST", url: "/admin/v1/experiments/resume" } as const;
    expect((await admin.inject({ ...change, headers: { cookie } })).statusCode).toBe(403);
    expect((await admin.inject({ ...change, headers: { authorization: `Bearer ${token}` } })).statusCode).toBe(200);
  });

  test.each([
    ["a page of another site", { host: "localhost", origin: "http://evil.example" }],
    ["a public host name", { host: "rebound.example" }],
  ])("the login is closed to %s", async (_, headers) => {
    const admin = createTestAdmin({ token });
    const login = { method: "POST", url: "/login", payload: `token=${token}` } as const;
    expect((await admin.inject({ ...login, headers: { ...form, ...headers } })).statusCode).toBe(403);
  });
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AdminError, createAdminClient } from "../../../src/admin/client/index.ts";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

let node: Node;
beforeAll(async () => void (node = await startNode({}, { workers: 2 })), 120_000);
afterAll(() => node.stop());

type Told = { readonly status: number; readonly etag: string | null; readonly body: Record<string, unknown> };

async function send(method: string, path: string, { text, ...headers }: Record<string, string> = {}): Promise<Told> {
  const sent = text === undefined ? {} : { body: text };
  const type = text === undefined ? {} : { "content-type": "application/yaml" };
  const response = await fetch(`${node.adminUrl}/admin/v1/${path}`, {
    method,
    ...sent,
    headers: { ...type, ...headers },
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, etag: response.headers.get("etag"), body };
}

/** A configuration by which every call fails with this status. */
const failing = (status: number): string =>
  `default: { serve: simulate, profile: instant, faults: [{ kind: status, status: ${status} }] }\n`;

const statuses = async (): Promise<Set<number>> => {
  const calls = Array.from({ length: 12 }, () =>
    rawRequest(node.port, postText("/v1/chat/completions", chatBody(), ["connection: close"])),
  );
  return new Set((await Promise.all(calls)).map(({ status }) => status));
};

describe("a configuration that is sent to a node without one", () => {
  test("is checked as the command line does it, and nothing is changed", async () => {
    const before = await send("GET", "status");
    const wrong = await send("POST", "config/check", { text: "default:\n  serve: simulat\n" });
    expect(wrong).toMatchObject({
      status: 200,
      body: {
        valid: false,
        findings: [{ file: "<body>", line: 2, path: "default.serve", severity: "error", nearest: "simulate" }],
      },
    });
    expect((await send("POST", "config/check", { text: failing(503) })).body).toEqual({ valid: true, findings: [] });
    expect((await send("GET", "status")).body["generation"]).toBe(before.body["generation"]);
  });

  test.each(["config/check", "config/apply"])("is asked for by %s where the request has no body", async (path) => {
    expect(await send("POST", path)).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining("no body") },
    });
  });

  test("has a schema, which the one in force keeps", async () => {
    const { status, body } = await send("GET", "stuntdouble.schema.json");
    expect([status, body["title"]]).toEqual([200, "Stuntdouble configuration"]);
    // Every response is held against the document, which refers to that schema.
    expect((await send("GET", "config")).body).toHaveProperty("limits.overload");
  });

  test("is in force in all event loops when it has been applied, and the audit log and the log say so", async () => {
    const applied = await send("POST", "config/apply", { text: failing(503) });
    expect(applied).toMatchObject({
      status: 200,
      body: { generation: 2, hash: expect.stringMatching(/^[0-9a-f]{12}$/) },
    });
    expect(await statuses()).toEqual(new Set([503]));
    expect((await send("GET", "status")).body).toMatchObject({
      generation: 2,
      hash: applied.body["hash"],
      source: { from: "api" },
    });
    const { entries } = (await send("GET", "audit")).body as { entries: object[] };
    expect(entries[0]).toMatchObject({
      what: "configuration applied",
      generation: 2,
      hash: applied.body["hash"],
      from: "127.0.0.1",
    });
    expect(node.logLines().join("\n")).toMatch(/"from":"api".*configuration in force/);
  });

  test("is read again by a reload", async () => {
    await send("POST", "config/apply", { text: failing(504) });
    expect((await send("POST", "reload")).status).toBe(200);
    expect(await statuses()).toEqual(new Set([504]));
  });

  test("with errors changes nothing, and they are all told", async () => {
    const { etag } = await send("GET", "config");
    const refused = await send("POST", "config/apply", { text: "default: { serve: nowhere }\nworkers: -1\n" });
    expect(refused).toMatchObject({
      status: 422,
      body: {
        type: "urn:stuntdouble:problem:invalid-configuration",
        errors: [{ path: "default.serve" }, { path: "workers" }],
      },
    });
    expect((await send("GET", "config")).etag).toBe(etag);
  });

  test("replaces only the one that it is meant to replace", async () => {
    const { etag } = await send("GET", "config");
    if (etag === null) throw new Error("There is no ETag.");
    expect((await send("POST", "config/apply", { text: failing(500), "if-match": etag })).status).toBe(200);
    expect(await send("POST", "config/apply", { text: failing(501), "if-match": etag })).toMatchObject({
      status: 412,
      body: { type: "urn:stuntdouble:problem:precondition-failed" },
    });
    expect(await statuses()).toEqual(new Set([500]));
  });

  test("says what takes effect after a restart only", async () => {
    const told = await send("POST", "config/apply", { text: `${failing(503)}workers: 7\n` });
    expect(told.body["restart"]).toContain("workers");
  });
});

test("a node that has a file refuses one that is sent, and says where to change it", async () => {
  const other = await startNode({}, { file: "/etc/stuntdouble.yaml" });
  try {
    const client = createAdminClient({ url: other.adminUrl });
    expect(await client.checkConfig("{}")).toEqual({ valid: true, findings: [] });
    const error: unknown = await client.applyConfig("{}").catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AdminError);
    expect(String(error)).toContain("The configuration of this node is in /etc/stuntdouble.yaml; change it there.");
  } finally {
    await other.stop();
  }
});

test("where other machines reach the admin API without a token, none is taken", async () => {
  const other = await startNode({ admin: { host: "0.0.0.0" } });
  try {
    const error: unknown = await createAdminClient({ url: other.adminUrl })
      .checkConfig("{}")
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 403, problem: { type: "urn:stuntdouble:problem:open-admin" } });
  } finally {
    await other.stop();
  }
});

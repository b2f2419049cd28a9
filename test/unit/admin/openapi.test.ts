import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import type { OpenApi } from "../../../src/admin/openapi/document.ts";
import { resources } from "../../../src/admin/resources/index.ts";
import { createAdmin } from "../../../src/admin/server.ts";
import { createTestNode } from "./node-view.ts";

const served = async (): Promise<OpenApi> => {
  const app = createAdmin(createTestNode(), { tokenSha256: () => undefined, failed: () => undefined });
  return (await app.inject("/admin/v1/openapi.json")).json<OpenApi>();
};

test("the document that is served is the one in schema/", async () => {
  const file = readFileSync(new URL("../../../schema/admin-openapi.json", import.meta.url), "utf8");
  expect(await served()).toEqual(JSON.parse(file));
});

test("every schema of the document is one, and every reference leads to one", { timeout: 120_000 }, async () => {
  const document = await served();
  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, "api");
  for (const name of Object.keys(document.components.schemas))
    expect(ajv.getSchema(`api#/components/schemas/${name}`)).toBeTypeOf("function");
  const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
  for (const reference of new Set(references)) {
    if (reference.includes('"stuntdouble.schema.json"')) continue;
    const name = /schemas\/(\w+)"$/.exec(reference)?.[1] ?? reference;
    expect(document.components.schemas).toHaveProperty(name);
  }
});

test("no two operations have one id", async () => {
  const operations = Object.values((await served()).paths).flatMap((path) => Object.values(path));
  const ids = operations.map((operation) => (operation as { operationId: string }).operationId);
  expect(ids).toEqual([...new Set(ids)]);
  expect(ids).toContain("getRequestsById");
});

test("every route of the API says what it sends", () => {
  for (const { routes } of resources)
    for (const { method, path, responds } of routes) expect([`${method} ${path}`, responds]).not.toContain(undefined);
});

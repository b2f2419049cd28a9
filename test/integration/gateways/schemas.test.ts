import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { settingsOf } from "../../../src/config/load.ts";
import { apisixProblems, kongProblems } from "../../support/gateways/declared.ts";
import { crdProblems, kongSchemaProblems } from "../../support/gateways/schemas.ts";
import { problemsOf, type Resource } from "../../support/gateways/kubernetes.ts";

const files = globSync("plugins/{kubernetes,istio,envoy-gateway}/*.yaml");

/** The resources of a file, those of Envoy Gateway apart: no package has their schemas. */
const resources = files.flatMap((file) =>
  parseAllDocuments(readFileSync(file, "utf8")).map((document): [string, Resource] => [
    file,
    document.toJS() as Resource,
  ]),
);
const published = resources.filter(([, { apiVersion }]) => !apiVersion.startsWith("gateway.envoyproxy.io/"));

test.each(published)("%s: $kind fits its published schema", (_file, resource) => {
  expect(problemsOf(resource)).toEqual([]);
});

test("a field that a schema does not know is found, and so is a value that it does not allow", () => {
  const rules = [{ matches: [{ headerz: [] }] }];
  const route = { apiVersion: "gateway.networking.k8s.io/v1", kind: "HTTPRoute", spec: { rules, parentRefs: 1 } };
  expect(problemsOf(route)).toEqual([
    expect.stringContaining("parentRefs"),
    "unknown field /spec/rules/0/matches/0/headerz",
  ]);
});

const configured = resources.filter(([, { kind }]) => kind === "ConfigMap");

test.each(configured)("%s: the configuration in it is one of Stuntdouble", async (_file, resource) => {
  const { data } = resource as Resource & { readonly data: Readonly<Record<string, string>> };
  expect(Object.keys(data)).toEqual(["stuntdouble.yaml"]);
  const settings = await settingsOf(parse(data["stuntdouble.yaml"] ?? ""), {});
  expect(settings).toBeDefined();
});

describe("files for gateways that no registry has", () => {
  test("in plugins/kong every name leads to something, no response is buffered, and every upstream has a health check", () => {
    expect(kongProblems(readFileSync("plugins/kong/kong.yaml", "utf8"))).toEqual([]);
  });

  test("in plugins/apisix every name leads to something, and every upstream has a fallback and a health check", () => {
    expect(apisixProblems(readFileSync("plugins/apisix/apisix.yaml", "utf8"))).toEqual([]);
  });
});

/** A folder with kong_json_schema.json and Envoy Gateway's CRDs, as they are published; they are not part of this repository. */
const folder = process.env["STUNTDOUBLE_GATEWAY_SCHEMAS"] ?? "";

describe.skipIf(folder === "")("published schemas of a folder [missing: STUNTDOUBLE_GATEWAY_SCHEMAS]", () => {
  test("plugins/kong/kong.yaml fits that of Kong", () => {
    const schema = readFileSync(path.join(folder, "kong_json_schema.json"), "utf8");
    expect(kongSchemaProblems(schema, readFileSync("plugins/kong/kong.yaml", "utf8"))).toEqual([]);
  });

  const ofEnvoyGateway = resources.filter(([, { apiVersion }]) => apiVersion.startsWith("gateway.envoyproxy.io/"));

  test.each(ofEnvoyGateway)("%s: $kind fits that of Envoy Gateway", (_file, resource) => {
    const crds = globSync(`${folder}/gateway.envoyproxy.io_*.yaml`).map((file) => readFileSync(file, "utf8"));
    expect(crdProblems(crds, resource)).toEqual([]);
  });
});

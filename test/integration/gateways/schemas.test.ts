import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
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

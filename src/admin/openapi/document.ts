import { probePaths } from "../resources/probes.ts";
import { namedShapes } from "../shapes/index.ts";
import { operationOf, type RouteEntry } from "./operation.ts";
import { problemSchema } from "./problems.ts";
import { tagOf } from "./tags.ts";
import { createSchemas, type JsonSchema } from "./schemas.ts";

/** The version of the admin API: the one in its paths. */
const apiVersion = "1";

const info = {
  title: "Stuntdouble admin API",
  version: apiVersion,
  description:
    "What a running node shows, and what can be changed while it runs. Responses may get further members. A path with GET has HEAD as well.",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
};

const securitySchemes = {
  token: {
    type: "http",
    scheme: "bearer",
    description: "Where admin.tokenSha256 or admin.tokenEnv is configured; else nothing is asked for",
  },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "stuntdouble_session",
    description: "Of a browser that has logged in; each change then needs the CSRF token of a page as x-csrf-token",
  },
};

/** A document of OpenAPI 3.1. */
export type OpenApi = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>>; readonly securitySchemes: object };
  readonly [member: string]: unknown;
};

/**
 * Describes the admin API, by what its routes are made from.
 *
 * @param routes those of the API; pages of the dashboard are left out
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument(routes: readonly RouteEntry[]): OpenApi {
  const described = routes.filter(({ path }) => !path.startsWith("/dashboard/"));
  const schemas = createSchemas(namedShapes);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of described) {
    const path = route.path.replace("/:id", "/{id}");
    const isProbe = probePaths.includes(route.path);
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas, isProbe) };
  }
  return {
    openapi: "3.1.1",
    info,
    servers: [{ url: "/" }],
    security: [{ token: [] }, { session: [] }, {}],
    tags: tagsOf(described),
    paths,
    components: {
      schemas: { ...schemas.components(), Problem: problemSchema },
      securitySchemes,
    },
  };
}

function tagsOf(routes: readonly RouteEntry[]): object[] {
  return [...new Set(routes.map(({ path }) => tagOf(path)))].map((name) => ({ name }));
}

import type { Sent } from "../described.ts";
import type { Route } from "../resource.ts";
import { tagOf } from "./tags.ts";
import { problemResponses } from "./problems.ts";
import type { JsonSchema, Schemas } from "./schemas.ts";

/** What of a route is described. */
export type RouteEntry = Omit<Route, "respond">;

/** One operation of the document. @param isProbe it asks for no token */
export function operationOf(route: RouteEntry, schemas: Schemas, isProbe: boolean): object {
  const { method, path, summary, body, isVersioned = false } = route;
  const parameters = parametersOf(route);
  return {
    operationId: operationIdOf(method, path),
    summary: summary[0]?.toUpperCase() + summary.slice(1),
    tags: [tagOf(path)],
    ...(isProbe && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body !== undefined && { requestBody: bodyOf(body, schemas) }),
    responses: {
      ...responsesOf(route, schemas),
      ...(isVersioned && method === "GET" && { "304": { description: "If-None-Match names what would be sent" } }),
      ...problemResponses(refusalsOf(route)),
    },
  };
}

function refusalsOf({ method, refuses = [], isVersioned = false }: RouteEntry): number[] {
  return [
    ...refuses,
    // A body that no route reads is parsed all the same.
    ...(method === "GET" ? [] : [413, 415]),
    ...(isVersioned && method !== "GET" ? [412] : []),
  ];
}

function operationIdOf(method: string, path: string): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "" && word !== "admin" && word !== "v1");
  const name = words.map((word) => word[0]?.toUpperCase() + word.slice(1)).join("");
  return method.toLowerCase() + (name === "" ? (path === "/" ? "Root" : "Index") : name.replace(/Id$/, "ById"));
}

function parametersOf({ path, method, parameters = {}, isVersioned = false }: RouteEntry): object[] {
  const header = (name: string, description: string): object => {
    return { name, in: "header", description, schema: { type: "string" } };
  };
  return [
    ...(path.includes("/:id")
      ? [{ name: "id", in: "path", required: true, schema: { type: "string", minLength: 1 } }]
      : []),
    ...Object.entries(parameters).map(([name, { allowed, isRequired = false, schema = { type: "string" } }]) => {
      return { name, in: "query", description: allowed, ...(isRequired && { required: true }), schema };
    }),
    ...(isVersioned && method === "GET"
      ? [header("if-none-match", "An ETag: 304 where the response is the same")]
      : []),
    ...(isVersioned && method !== "GET"
      ? [header("if-match", "An ETag: 412 where what is changed has changed since")]
      : []),
  ];
}

function bodyOf(body: NonNullable<RouteEntry["body"]>, schemas: Schemas): object {
  if (body.isText === true) {
    const contents = body.types.map((type) => [
      type,
      { schema: type === "application/json" ? {} : { type: "string" } },
    ]);
    return { required: true, content: Object.fromEntries(contents) };
  }
  return { required: true, content: { "application/json": { schema: schemas.taken(body.schema) } } };
}

function responsesOf(route: RouteEntry, schemas: Schemas): Record<string, object> {
  const { responds = {}, summary } = route;
  const all: readonly Sent[] = Array.isArray(responds) ? responds : [responds];
  const found: Record<string, object> = {};
  for (const status of new Set(all.map((sent) => sent.status ?? 200))) {
    const here = all.filter((sent) => (sent.status ?? 200) === status);
    const described = here.filter(({ schema, schemaAt, type }) => (schema ?? schemaAt ?? type) !== undefined);
    const content = Object.fromEntries(described.map((sent) => [mediaOf(sent), { schema: schemaOf(sent, schemas) }]));
    found[status] = {
      description: here[0]?.says ?? summary,
      ...headersOf(route),
      ...(described.length > 0 && { content }),
    };
  }
  return found;
}

function headersOf({ isVersioned = false, method, parameters = {} }: RouteEntry): object {
  const headers = {
    ...(isVersioned && method === "GET" && { etag: { schema: { type: "string" } } }),
    ...("cursor" in parameters && {
      link: { description: 'The next page, as rel="next"; absent in the last one', schema: { type: "string" } },
    }),
  };
  return Object.keys(headers).length === 0 ? {} : { headers };
}

/** Without parameters such as a charset. */
function mediaOf({ type = "application/json" }: Sent): string {
  return type.replace(/;.*$/s, "");
}

/** Lines and events are text for OpenAPI 3.1; what one is like stands in a member of its own. */
function schemaOf(sent: Sent, schemas: Schemas): JsonSchema {
  const { schema, schemaAt, events } = sent;
  if (schemaAt !== undefined) return { $ref: schemaAt };
  if (schema === undefined) return { type: "string" };
  if (events !== undefined) {
    const data = schemas.sent(schema);
    const each = Object.entries(events).map(([name, description]) => [name, { description, data }]);
    return { type: "string", "x-events": Object.fromEntries(each) };
  }
  if (mediaOf(sent).endsWith("json") && !mediaOf(sent).endsWith("ndjson")) return schemas.sent(schema);
  return { type: "string", "x-line": schemas.sent(schema) };
}

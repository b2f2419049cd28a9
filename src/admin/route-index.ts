import { z } from "zod";
import { prefersPage } from "./accept.ts";
import { sends } from "./described.ts";
import { openApiDocument } from "./openapi/document.ts";
import type { RouteEntry } from "./openapi/operation.ts";
import { json, route, type Route } from "./resource.ts";

type Respond = Route["respond"];

const list = z.object({
  routes: z.array(
    z.object({
      method: z.string(),
      path: z.string(),
      summary: z.string(),
      parameters: z.record(z.string(), z.string()).describe("What is allowed, by name"),
    }),
  ),
});

/** The routes that tell of all routes. */
export const indexEntries = {
  root: {
    method: "GET",
    path: "/",
    summary: "the dashboard, for a browser; else this list",
    responds: [sends(list), { type: "text/html" }],
  },
  list: { method: "GET", path: "/admin/v1", summary: "this list", responds: sends(list) },
  document: {
    method: "GET",
    path: "/admin/v1/openapi.json",
    summary: "all of this as a document of OpenAPI 3.1",
    responds: sends(z.looseObject({ openapi: z.string() })),
  },
} as const satisfies Readonly<Record<string, RouteEntry>>;

/**
 * Makes the routes that tell of all routes, themselves included: as a list, and as an OpenAPI document.
 *
 * @param others the other routes
 * @param overview the page that a browser gets at `/`
 * @returns all routes
 */
export function createRouteIndex(others: readonly Route[], overview: Respond): Route[] {
  const respondWithList: Respond = () => json({ routes: all.map(entryOf) });
  let document: string | undefined;
  const all: Route[] = [
    route({
      ...indexEntries.root,
      respond: (request) => (prefersPage(request.accept) ? overview(request) : respondWithList(request)),
    }),
    route({ ...indexEntries.list, respond: respondWithList }),
    route({
      ...indexEntries.document,
      respond: () => ({ ...json({}), text: (document ??= `${JSON.stringify(openApiDocument(all))}\n`) }),
    }),
    ...others,
  ];
  return all;
}

function entryOf({ method, path, summary, parameters = {} }: Route): object {
  const allowed = Object.entries(parameters).map(([name, { allowed }]) => [name, allowed]);
  return { method, path, summary, parameters: Object.fromEntries(allowed) };
}

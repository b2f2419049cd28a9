import { prefersPage } from "./accept.ts";
import { json, route, type Route } from "./resource.ts";

type Respond = Route["respond"];

/**
 * Makes the routes that list all routes, themselves included, with what each is for and which query parameters it takes.
 *
 * @param others the other routes
 * @param overview the page that a browser gets at `/`
 * @returns all routes
 */
export function createRouteIndex(others: readonly Route[], overview: Respond): Route[] {
  const list: Respond = () => json({ routes: all.map(entryOf) });
  const all: Route[] = [
    route({
      method: "GET",
      path: "/",
      summary: "the dashboard, for a browser; else this list",
      respond: (request) => (prefersPage(request.accept) ? overview(request) : list(request)),
    }),
    route({ method: "GET", path: "/admin/v1", summary: "this list", respond: list }),
    ...others,
  ];
  return all;
}

function entryOf({ method, path, summary, parameters = {} }: Route): object {
  const allowed = Object.entries(parameters).map(([name, { allowed }]) => [name, allowed]);
  return { method, path, summary, parameters: Object.fromEntries(allowed) };
}

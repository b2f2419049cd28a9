import { json, route, type Route } from "./resource.ts";

/** Where all that the admin API has is listed. */
const paths: readonly string[] = ["/", "/admin/v1"];

/**
 * Makes the routes that list all routes, themselves included, with what each is for and which query parameters it takes.
 *
 * @param others the other routes
 */
export function createRouteIndex(others: readonly Route[]): Route[] {
  const own: Route[] = paths.map((path) => {
    const respond = () => json({ routes: [...own, ...others].map(entryOf) });
    return route({ method: "GET", path, summary: "this list", respond });
  });
  return own;
}

function entryOf({ method, path, summary, parameters = {} }: Route): object {
  const allowed = Object.entries(parameters).map(([name, { allowed }]) => [name, allowed]);
  return { method, path, summary, parameters: Object.fromEntries(allowed) };
}

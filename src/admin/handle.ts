import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Access } from "./access.ts";
import { entityTag, isKnown, requireVersion } from "./preconditions.ts";
import { readQuery } from "./query.ts";
import type { AdminRequest, AdminResponse, NodeView, Route } from "./resource.ts";

/** What the requests of all routes have in common. */
export type Surroundings = { readonly node: NodeView; readonly access: Access };

type Params = { readonly id?: string; readonly "*"?: string };

/** Adds a route, with `HEAD` where it has `GET`. */
export function addRoute(app: FastifyInstance, surroundings: Surroundings, route: Route): void {
  const { method, path, respond, body } = route;
  app.route<{ Params: Params }>({
    method,
    url: path,
    exposeHeadRoute: method === "GET",
    ...(body?.isText === true && { bodyLimit: body.maxBytes }),
    handler: async (request, reply) =>
      send(request, reply, await respond(askedOf(request, reply, { ...surroundings, route }))),
  });
}

function askedOf(
  request: FastifyRequest<{ Params: Params }>,
  reply: FastifyReply,
  { node, access, route }: Surroundings & { readonly route: Route },
): AdminRequest {
  const { query, params, body, headers, ip } = request;
  const values = readQuery(query, route.parameters ?? {});
  const by = access.hasToken() ? "admin token" : ip;
  return {
    node,
    query: values,
    id: params.id ?? params["*"] ?? "",
    accept: headers.accept,
    body,
    by,
    from: ip,
    audit: (what, about = {}) => node.audit.note({ what, by, from: ip, ...about }),
    requireVersion: (version) => requireVersion(headers["if-match"], version),
    linkTo: (cursor) => `${pathOf(request)}?${new URLSearchParams({ ...values, cursor }).toString()}`,
    page: () => access.page(request, reply),
  };
}

function send(request: FastifyRequest, reply: FastifyReply, response: AdminResponse): FastifyReply {
  const { status, type, text, headers = {}, version } = response;
  reply.code(status).headers(headers).type(type);
  if (version === undefined || typeof text !== "string") return reply.send(text);
  const tag = entityTag(version, text);
  reply.header("etag", tag);
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (isRead && isKnown(request.headers["if-none-match"], tag))
    return reply.code(304).removeHeader("content-type").send();
  return reply.send(text);
}

/** Without the query, which may hold a secret. */
export function pathOf({ url }: Pick<FastifyRequest, "url">): string {
  return url.replace(/\?.*$/s, "");
}

import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from "fastify";
import { METHODS, STATUS_CODES } from "node:http";
import { endSocket } from "../act/sockets/sockets.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { headerCount } from "../core/headers.ts";
import { refusedHost, refusedOrigin, refusedToken } from "./guard.ts";
import { ProblemError, problemText, problemType } from "./problem.ts";
import { readQuery } from "./query.ts";
import type { NodeView, Resource, Route } from "./resource.ts";
import { resources as allResources } from "./resources/index.ts";
import { createRouteIndex } from "./route-index.ts";
import { probePaths } from "./resources/probes.ts";

/** What the admin API is made with besides the node it shows. */
export type AdminOptions = {
  /** Names, besides those nobody can rebind, under which it may be asked. */
  readonly hosts?: readonly string[];
  readonly resources?: readonly Resource[];
  /** SHA-256 of the token that callers must present, 64 hex digits; undefined lets everyone in. */
  tokenSha256(): string | undefined;
  /** Gets every error that becomes a response with status 500. */
  failed(error: unknown): void;
};

const maxBodyBytes = 64 * 1024;
/** Max length of an id in a path. */
const maxIdLength = 1024;

/**
 * Makes the admin API as a fastify app that does not listen yet.
 *
 * Every error is `application/problem+json`. Requests from pages of another origin are refused, and so are requests under a
 * public host name that is not in `hosts`, since any public name can be made to point here. Where there is a token, all
 * but the probes ask for it.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9457 problem details
 */
export function createAdmin(node: NodeView, options: AdminOptions): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    // The guard checks it, and responds with a problem.
    http: { requireHostHeader: false },
    routerOptions: { maxParamLength: maxIdLength },
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
    clientErrorHandler: (error, socket) => endSocket(socket, unreadable(error)),
  });
  app.server.on("connect", (_request, socket) => endSocket(socket, bareProblem(noTunnel)));
  for (const method of methods)
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  app.removeContentTypeParser("text/plain");
  addGuard(app, options);
  addErrors(app, options);
  const { resources = allResources } = options;
  const offered = resources.flatMap((resource) => resource.routes);
  const routes = [...createRouteIndex(offered), ...offered];
  const callerOf = ({ ip }: FastifyRequest): string => (options.tokenSha256() === undefined ? ip : "admin token");
  for (const route of routes) addRoute(app, { node, callerOf }, route);
  for (const [path, allowed] of methodsByPath(routes)) refuseOthers(app, path, allowed);
  return app;
}

function addGuard(app: FastifyInstance, { hosts = [], tokenSha256 }: AdminOptions): void {
  app.addHook("onRequest", async (request, reply) => {
    checkFraming(request);
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    const { host, origin, authorization } = request.headers;
    const isProbe = probePaths.includes(request.url);
    const refusal = refusedOrigin(origin, host) ?? (isProbe ? undefined : refusedHost(host, hosts));
    if (refusal !== undefined) throw new ProblemError(403, refusal);
    const unauthenticated = isProbe ? undefined : refusedToken(authorization, tokenSha256());
    if (unauthenticated === undefined) return;
    reply.header("www-authenticate", "Bearer");
    throw new ProblemError(401, unauthenticated);
  });
}

/** Forms in which two hops may read a request differently. */
function checkFraming({ raw }: FastifyRequest): void {
  const hosts = headerCount(raw.rawHeaders, "host");
  if (hosts > 1) throw new ProblemError(400, "The request has more than one Host header.");
  if (hosts === 0 && raw.httpVersion === "1.1") throw new ProblemError(400, "The request has no Host header.");
  if (raw.url?.startsWith("/") !== true) throw new ProblemError(400, "The request target is no path.");
}

function addErrors(app: FastifyInstance, { failed }: AdminOptions): void {
  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, new ProblemError(404, `There is no ${pathOf(request)} here.`)),
  );
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && !(error instanceof ProblemError)) failed(error);
    return sendProblem(reply, problem);
  });
}

/** What the caller sees of an error: the whole message where the request is at fault. */
function problemOf(error: FastifyError | ProblemError | StuntdoubleError): ProblemError {
  if (error instanceof ProblemError) return error;
  const ours = error instanceof StuntdoubleError;
  const status = (ours ? error.status : error.statusCode) ?? 500;
  if (status >= 500) return new ProblemError(500, "Internal error; the log has the reason.");
  return new ProblemError(status, error.message, ours ? { code: error.code } : {});
}

type Surroundings = { readonly node: NodeView; callerOf(request: FastifyRequest): string };

function addRoute(
  app: FastifyInstance,
  { node, callerOf }: Surroundings,
  { method, path, parameters = {}, respond }: Route,
): void {
  app.route<{ Params: { id?: string } }>({
    method,
    url: path,
    exposeHeadRoute: method === "GET",
    async handler(request, reply) {
      const { query, params, body, headers } = request;
      const values = readQuery(query, parameters);
      const asked = { node, query: values, id: params.id ?? "", accept: headers.accept, body, by: callerOf(request) };
      const { status, type, text } = await respond(asked);
      return reply.code(status).type(type).send(text);
    },
  });
}

/** Node gives a CONNECT to a listener of its own. */
const methods: readonly HTTPMethods[] = METHODS.filter((method) => method !== "CONNECT");

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, readonly HTTPMethods[]> {
  const byPath = new Map<string, readonly HTTPMethods[]>();
  for (const { path, method } of routes) {
    const added: readonly HTTPMethods[] = method === "GET" ? ["GET", "HEAD"] : [method];
    byPath.set(path, [...(byPath.get(path) ?? []), ...added]);
  }
  return byPath;
}

/** Adds a 405 for all other methods of a path. */
function refuseOthers(app: FastifyInstance, path: string, allowed: readonly HTTPMethods[]): void {
  app.route({
    method: methods.filter((method) => !allowed.includes(method)),
    url: path,
    exposeHeadRoute: false,
    handler(request, reply) {
      reply.header("allow", allowed.join(", "));
      const detail = `${request.method} is not allowed on ${pathOf(request)}; use ${allowed.join(" or ")}.`;
      return sendProblem(reply, new ProblemError(405, detail));
    },
  });
}

function sendProblem(reply: FastifyReply, problem: ProblemError): FastifyReply {
  return reply.code(problem.status).type(problemType).send(problemText(problem));
}

const noTunnel = new ProblemError(501, "CONNECT is not served.");

/** The response to a request that cannot be parsed. */
function unreadable({ code }: Error & { readonly code?: string }): string {
  if (code === "HPE_HEADER_OVERFLOW") return bareProblem(new ProblemError(431, "The request headers are too large."));
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return bareProblem(new ProblemError(408, "The request took too long to arrive."));
  return bareProblem(new ProblemError(400, "The request is not valid HTTP."));
}

/** A problem as a whole response of HTTP/1.1, after which the connection closes. */
function bareProblem(problem: ProblemError): string {
  const text = problemText(problem);
  return (
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ""}\r\ncontent-type: ${problemType}\r\n` +
    `content-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`
  );
}

/** Without the query, which may hold a secret. */
function pathOf({ url }: FastifyRequest): string {
  return url.replace(/\?.*$/s, "");
}

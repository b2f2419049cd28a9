import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from "fastify";
import { METHODS, STATUS_CODES } from "node:http";
import { backgroundClock, wallClockMs } from "../limits/clock.ts";
import { endSocket } from "../act/sockets/sockets.ts";
import { StuntdoubleError } from "../core/errors.ts";
import { headerCount } from "../core/headers.ts";
import { createAccess, loginPath, type Access } from "./access.ts";
import { createDashboard } from "./dashboard/index.ts";
import { addLogin } from "./dashboard/login.ts";
import { createSessions } from "./dashboard/sessions.ts";
import { prefersPage } from "./accept.ts";
import { ProblemError, problemText, problemType } from "./problem.ts";
import { addRoute, pathOf, type Surroundings } from "./handle.ts";
import type { NodeView, Resource, Route } from "./resource.ts";
import { resources as allResources } from "./resources/index.ts";
import { createRouteIndex } from "./route-index.ts";

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
  const { resources = allResources, hosts = [], tokenSha256 } = options;
  const sessions = createSessions(wallClockMs);
  const access = createAccess({ hosts, sessions, tokenSha256 });
  addGuard(app, access);
  addErrors(app, options);
  const dashboard = createDashboard(node, backgroundClock());
  app.addHook("preClose", async () => dashboard.close());
  const offered = [...resources.flatMap((resource) => resource.routes), ...dashboard.routes];
  const routes = createRouteIndex(offered, dashboard.overview);
  const surroundings = { node, access };
  void app.register(async (pages) => {
    // Only pages have forms: the API takes JSON alone, which no form of another site can send.
    const parse = async (_request: FastifyRequest, text: string): Promise<URLSearchParams> => new URLSearchParams(text);
    pages.addContentTypeParser("application/x-www-form-urlencoded", { parseAs: "string" }, parse);
    addLogin(pages, { sessions, tokenSha256 });
    for (const route of routes.filter(({ path }) => path.startsWith(pagesPath))) addRoute(pages, surroundings, route);
  });
  const others = routes.filter(({ path }) => !path.startsWith(pagesPath));
  for (const route of others.filter(({ body }) => body?.isText !== true)) addRoute(app, surroundings, route);
  for (const route of others)
    if (route.body?.isText === true) void app.register(takingText(route, route.body.types, surroundings));
  for (const [path, allowed] of methodsByPath(routes)) refuseOthers(app, path, allowed);
  return app;
}

const pagesPath = "/dashboard/";

/** Adds a route that gets text as it was sent, in a scope of its own: all others take JSON alone. */
function takingText(route: Route, types: readonly string[], surroundings: Surroundings): FastifyPluginAsync {
  return async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      [...types],
      { parseAs: "string" },
      async (_request: FastifyRequest, text: string) => text,
    );
    addRoute(scope, surroundings, route);
  };
}

function addGuard(app: FastifyInstance, access: Access): void {
  app.addHook("onRequest", async (request, reply) => {
    checkFraming(request);
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    access.enter(request, reply);
  });
  app.addHook("preHandler", async (request) => access.change(request));
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
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && !(error instanceof ProblemError)) failed(error);
    if (problem.status === 401 && wantsPage(request)) return reply.redirect(loginPath, 303);
    return sendProblem(reply, problem);
  });
}

function wantsPage({ method, headers }: FastifyRequest): boolean {
  return method === "GET" && headers.authorization === undefined && prefersPage(headers.accept);
}

/** What the caller sees of an error: the whole message where the request is at fault. */
function problemOf(error: FastifyError | ProblemError | StuntdoubleError): ProblemError {
  if (error instanceof ProblemError) return error;
  const ours = error instanceof StuntdoubleError;
  const status = (ours ? error.status : error.statusCode) ?? 500;
  if (status === 415) return new ProblemError(415, "The content type is none that this path takes.");
  if (status >= 500) return new ProblemError(500, "Internal error; the log has the reason.");
  return new ProblemError(status, error.message, ours ? { code: error.code } : {});
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
  const refuse = async (request: FastifyRequest, reply: FastifyReply): Promise<never> => {
    reply.header("allow", allowed.join(", "));
    throw new ProblemError(405, `${request.method} is not allowed on ${pathOf(request)}; use ${allowed.join(" or ")}.`);
  };
  app.route({
    method: methods.filter((method) => !allowed.includes(method)),
    url: path,
    exposeHeadRoute: false,
    // Before anything is wrong with the body: of QUERY it is asked for a content type.
    onRequest: refuse,
    handler: refuse,
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

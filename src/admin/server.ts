import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type HTTPMethods,
} from "fastify";
import type { ShadowReport } from "../core/shadow.ts";
import type { Outcome } from "../core/types.ts";
import { refusedHost, refusedOrigin, refusedToken } from "./guard.ts";
import { ProblemError, sendProblem } from "./problem.ts";
import { readQuery, requestParameters } from "./query.ts";

/** What the admin API shows and does; the app gives each. */
export type AdminView = {
  isReady(): boolean;
  /** SHA-256 of the token that callers must present, 64 hex digits; undefined lets everyone in. */
  tokenSha256(): string | undefined;
  /** Prometheus text format 0.0.4. */
  metrics(): Promise<string>;
  /** The latest calls of the node, the newest first. */
  requests(limit: number): Promise<readonly Outcome[]>;
  shadow(): Promise<ShadowReport>;
  status(): Promise<Status>;
  /** The configuration in force with its secrets masked. */
  config(): unknown;
  reload(): Promise<Reload>;
  /** WorkerMessage of every error that the API answers with status 500. */
  failed(error: unknown): void;
};

/** The state of the node. */
export type Status = {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly workers: number;
  /** Number of the configuration in force. */
  readonly generation: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly permits: { readonly max: number; readonly available: number };
  /** State of each breaker by upstream. */
  readonly breakers: Readonly<Record<string, "closed" | "open" | "half-open">>;
  readonly draining: boolean;
};

/** What became of an attempt to load the configuration again. */
export type Reload =
  | { readonly ok: true; readonly generation: number }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** Settings of the admin API. `hosts` are names, besides those nobody can rebind, under which it may be asked. */
export type AdminOptions = { readonly hosts?: readonly string[] };

/** Outcomes a node keeps for `GET /admin/v1/requests`. */
const journalSize = 1000;
const maxBodyBytes = 64 * 1024;
/** Longest request id that can be looked up. */
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
export function createAdmin(view: AdminView, options: AdminOptions = {}): FastifyInstance {
  const app = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: maxIdLength },
  });
  app.removeContentTypeParser("text/plain");
  guard(app, view, options.hosts ?? []);
  handleErrors(app, view);
  addProbes(app, view);
  addReadings(app, view);
  addRequests(app, view);
  addReload(app, view);
  return app;
}

function guard(app: FastifyInstance, view: AdminView, hosts: readonly string[]): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    const { host, origin, authorization } = request.headers;
    const isProbe = request.url === "/healthz" || request.url === "/readyz";
    const refusal = refusedOrigin(origin, host) ?? (isProbe ? undefined : refusedHost(host, hosts));
    if (refusal !== undefined) throw new ProblemError(403, refusal);
    const stranger = isProbe ? undefined : refusedToken(authorization, view.tokenSha256());
    if (stranger === undefined) return;
    reply.header("www-authenticate", "Bearer");
    throw new ProblemError(401, stranger);
  });
}

function handleErrors(app: FastifyInstance, view: AdminView): void {
  app.setNotFoundHandler((request, reply) => sendProblem(reply, 404, `There is no ${pathOf(request)} here.`));
  app.setErrorHandler((error: FastifyError | ProblemError, _request, reply) => {
    if (error instanceof ProblemError) return sendProblem(reply, error.status, error.message, error.more);
    const status = error.statusCode ?? 500;
    if (status < 500) return sendProblem(reply, status, error.message);
    view.failed(error);
    return sendProblem(reply, 500, "The admin API made a mistake; the log has the reason.");
  });
}

function addProbes(app: FastifyInstance, view: AdminView): void {
  serve(app, "GET", "/healthz", (_request, reply) => reply.type("text/plain; charset=utf-8").send("ok\n"));
  serve(app, "GET", "/readyz", (_request, reply) => {
    const ready = view.isReady();
    return reply
      .code(ready ? 200 : 503)
      .type("text/plain; charset=utf-8")
      .send(ready ? "ready\n" : "not ready\n");
  });
  serve(app, "GET", "/metrics", async (_request, reply) =>
    reply.type("text/plain; version=0.0.4; charset=utf-8").send(await view.metrics()),
  );
}

function addReadings(app: FastifyInstance, view: AdminView): void {
  const readings: readonly (readonly [path: string, read: () => unknown])[] = [
    ["/admin/v1/shadow", () => view.shadow()],
    ["/admin/v1/status", () => view.status()],
    ["/admin/v1/config", () => view.config()],
  ];
  for (const [path, read] of readings) {
    serve(app, "GET", path, async (request, reply) => {
      readQuery(request.query, {});
      return sendJson(reply, await read());
    });
  }
}

function addRequests(app: FastifyInstance, view: AdminView): void {
  serve(app, "GET", "/admin/v1/requests", async (request, reply) => {
    const { limit, mode, rule, fault, model } = readQuery(request.query, requestParameters);
    const wanted = (outcome: Outcome): boolean =>
      (mode === undefined || outcome.mode === mode) &&
      (rule === undefined || outcome.rule === rule) &&
      (fault === undefined || outcome.faults.includes(fault)) &&
      (model === undefined || outcome.model === model);
    const requests = (await view.requests(journalSize)).filter(wanted);
    return sendJson(reply, { requests: requests.slice(0, Number(limit ?? 100)) });
  });
  serve(app, "GET", "/admin/v1/requests/:id", async (request, reply) => {
    readQuery(request.query, {});
    const { id } = request.params as { id: string };
    const found = (await view.requests(journalSize)).find((outcome) => outcome.id === id);
    if (found === undefined) throw new ProblemError(404, `None of the last ${journalSize} requests has this id.`);
    return sendJson(reply, found);
  });
}

function addReload(app: FastifyInstance, view: AdminView): void {
  serve(app, "POST", "/admin/v1/reload", async (request, reply) => {
    readQuery(request.query, {});
    const result = await view.reload();
    if (result.ok) return sendJson(reply, { generation: result.generation });
    throw new ProblemError(422, "The configuration has mistakes; the old one stays in force.", {
      mistakes: result.mistakes,
    });
  });
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown;

const methods: readonly HTTPMethods[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Adds a route, and for the methods it does not have a 405 that names those it has. */
function serve(app: FastifyInstance, method: "GET" | "POST", url: string, handler: Handler): void {
  const allowed: readonly HTTPMethods[] = method === "GET" ? ["GET", "HEAD"] : ["POST"];
  app.route({ method, url, handler, exposeHeadRoute: method === "GET" });
  app.route({
    method: methods.filter((other) => !allowed.includes(other)),
    url,
    exposeHeadRoute: false,
    handler(request, reply) {
      reply.header("allow", allowed.join(", "));
      return sendProblem(
        reply,
        405,
        `${request.method} is not allowed on ${pathOf(request)}; use ${allowed.join(" or ")}.`,
      );
    },
  });
}

function sendJson(reply: FastifyReply, value: unknown): FastifyReply {
  return reply.type("application/json; charset=utf-8").send(`${JSON.stringify(value)}\n`);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?", 1)[0]!;
}

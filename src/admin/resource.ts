import type { Readable } from "node:stream";
import type { ClientTotals } from "../core/clients/totals.ts";
import type { Experiments } from "./chaos.ts";
import type { Cloneable, AnyQuestion, Question, State } from "./question.ts";

/** One thing of the admin API: a file of `resources/`, and a line in its index. */
export type Resource = {
  readonly routes: readonly Route[];
  /** What the routes ask of the event loops. */
  readonly questions?: readonly AnyQuestion[];
};

/** One method on one path. `Name` are the names of its query parameters. */
export type Route<Name extends string = string> = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** May have `/:id` in it, or end in `/*`. */
  readonly path: string;
  /** What it does or returns, in a few words, for the index and the docs. */
  readonly summary: string;
  /** The query parameters it takes; any other is refused. */
  readonly parameters?: Parameters<Name>;
  /** @throws ProblemError where there is nothing good to show */
  respond(request: AdminRequest<Name>): AdminResponse | Promise<AdminResponse>;
};

/** What each query parameter may be; `accepts` says whether a value is, and `allowed` tells it to the caller. */
export type Parameters<Name extends string> = Readonly<
  Record<Name, { readonly allowed: string; readonly accepts: (value: string) => boolean }>
>;

/** One request, after the guards. */
export type AdminRequest<Name extends string = string> = {
  readonly node: NodeView;
  readonly query: Readonly<Partial<Record<Name, string>>>;
  /** What stands for `/:id` or `*` in the path, decoded; else empty. */
  readonly id: string;
  /** The Accept header. */
  readonly accept: string | undefined;
  /** The JSON that was sent, unchecked. */
  readonly body: unknown;
  /** Who asks, for the log: `admin token`, or the client's address where the API has no token. */
  readonly by: string;
  /** For a page: gives the browser a session where it has none, and says what its forms send along to change something. */
  page(): { readonly csrf: string; readonly hasLogin: boolean };
};

/** What is sent back. */
export type AdminResponse = {
  readonly status: number;
  readonly type: string;
  /** All of it, or a stream that is sent as it comes. */
  readonly text: string | Readable;
  readonly headers?: Readonly<Record<string, string>>;
};

/** The node as resources see it from the main thread. */
export type NodeView = {
  isReady(): boolean;
  status(): NodeStatus;
  /** The configuration in force; it names secrets and holds none. */
  config(): unknown;
  readonly experiments: Experiments;
  readonly clients: ClientsView;
  /** What the configuration in force is made of. */
  parts(): NodeParts;
  /** What the event loops have counted, added up. */
  totals(): readonly Total[];
  /** Loads the configuration again. */
  reload(cause: ReloadCause): Promise<Reload>;
  /** Prometheus text format 0.0.4. */
  metrics(): Promise<string>;
  /**
   * Asks every event loop, and adds up the replies.
   *
   * @throws the first error that a `reply` threw
   */
  ask<Args extends readonly Cloneable[], Reply extends Cloneable, Total>(
    question: Question<Args, Reply, Total>,
    ...args: Args
  ): Promise<Total>;
  get<Value extends Cloneable>(state: State<Value>): Value;
  /** Sets a state in every event loop. Resolves when all have it. */
  set<Value extends Cloneable>(state: State<Value>, value: Value): Promise<void>;
};

/** The names in a configuration, in its order; the default is the last rule. */
export type NodeParts = {
  readonly rules: readonly { readonly name: string; readonly serve: string }[];
  readonly upstreams: readonly string[];
  readonly experiments: readonly string[];
};

/** One label set of a metric that event loops count, without the prefix of its name. */
export type Total = {
  readonly metric: string;
  /** In the order of the catalog. */
  readonly labels: readonly string[];
  /** One for a counter; for a histogram each bucket, the one above all bounds, and the sum. */
  readonly values: readonly number[];
  /** Upper bounds of the buckets, in milliseconds. */
  readonly boundsMs?: ArrayLike<number>;
};

/** What clients do. */
export type ClientsView = {
  /** The counts of each client that was seen, over all event loops. */
  read(): ClientTotals;
};

/** What the main thread knows of the node without asking. */
export type NodeStatus = {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly workers: number;
  /** Number of the configuration in force. */
  readonly generation: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly permits: { readonly max: number; readonly available: number };
  readonly draining: boolean;
};

/** What asked for the configuration to be loaded again, as the log tells it. */
export type ReloadCause = {
  readonly from: "file" | "SIGHUP" | "api";
  /** Who asked the admin API: by its token, or by the address of the client where it has none. */
  readonly by?: string;
};

/** What became of an attempt to load the configuration again. */
export type Reload =
  | { readonly ok: true; readonly generation: number }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Declares a route; the names of its query parameters come from `parameters`. */
export function route<Name extends string = never>(declared: Route<Name>): Route<Name> {
  return declared;
}

/** A response in JSON. */
export function json(value: unknown, status = 200): AdminResponse {
  return { status, type: "application/json; charset=utf-8", text: `${JSON.stringify(value)}\n` };
}

/** A response in plain text. */
export function text(text: string, status = 200): AdminResponse {
  return { status, type: "text/plain; charset=utf-8", text };
}

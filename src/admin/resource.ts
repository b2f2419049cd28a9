import type { BudgetUse } from "../core/budgets/types.ts";
import type { Readable } from "node:stream";
import type { NodeReport } from "../core/node-report.ts";
import type { Profile } from "../core/simulator/types.ts";
import type { ClientTotals } from "../core/clients/totals.ts";
import type { AuditDetails, AuditLog } from "./audit.ts";
import type { GivenConfiguration } from "./given-configuration.ts";
import type { Described } from "./described.ts";
import type { Parameters } from "./parameters.ts";
import type { Breakers } from "./breakers.ts";
import type { Experiments, ExperimentTexts } from "./chaos.ts";
import type { ConfigurationView } from "./configuration.ts";
import type { Cloneable, AnyQuestion, Question, State } from "./question.ts";

/** One thing of the admin API: a file of `resources/`, and a line in its index. */
export type Resource = {
  readonly routes: readonly Route[];
  /** What the routes ask of the event loops. */
  readonly questions?: readonly AnyQuestion[];
};

/** One method on one path. `Name` are the names of its query parameters. */
export type Route<Name extends string = string> = Described & {
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
  /** The address of the client. */
  readonly from: string;
  /** Notes a change that was made, for the audit log. @param what such as `reply added` */
  audit(what: string, about?: AuditDetails): void;
  /** Holds a change back that is meant for another version. @throws ProblemError 412 */
  requireVersion(version: string): void;
  /** The URL of the page of a list that has this cursor. */
  linkTo(cursor: string): string;
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
  /** Which version of what can be changed it shows, for its ETag; absent where nothing can. */
  readonly version?: string;
};

/** The node as resources see it from the main thread. */
export type NodeView = {
  isReady(): boolean;
  status(): NodeStatus;
  /** The configuration in force; it names secrets and holds none. */
  config(): unknown;
  readonly configuration: ConfigurationView;
  readonly experiments: Experiments;
  readonly audit: AuditLog;
  readonly experimentTexts: ExperimentTexts;
  readonly profiles: ProfilesView;
  readonly breakers: Breakers;
  readonly clients: ClientsView;
  /** Undefined where nothing is shared with other nodes. */
  readonly fleet?: FleetView | undefined;
  /** What is used up of the budgets of upstreams. */
  budgets(): readonly BudgetUse[];
  /** What the configuration in force is made of. */
  parts(): NodeParts;
  /** What the event loops have counted, added up. */
  totals(): readonly Total[];
  /** Loads the configuration again. */
  reload(cause: ReloadCause): Promise<Reload>;
  readonly given: GivenConfiguration;
  metrics(form: MetricsForm): Promise<string>;
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

/** How metrics are written: our names in Prometheus text format 0.0.4 or in OpenMetrics 1.0; or those of vLLM, or of OpenTelemetry, in the former. */
export type MetricsForm = "text" | "openMetrics" | "vllm" | "genAi";
/** The names in a configuration, in its order; the default is the last rule. */
export type NodeParts = {
  readonly rules: readonly {
    readonly name: string;
    readonly serve: string;
    /** What it asks of a call, without credentials; empty where it takes all. */
    readonly when: string;
    /** Kinds of its faults. */
    readonly faults: readonly string[];
  }[];
  /** With their URLs in the order in which they are tried. */
  readonly upstreams: readonly { readonly name: string; readonly urls: readonly string[] }[];
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

/** The latency profiles that calls can be simulated with, but for those that are learned. */
export type ProfilesView = {
  all(): readonly Profile[];
  /** As the text of its YAML file. */
  text(profile: Profile): string;
};

/** What clients do. */
export type ClientsView = {
  /**
   * The counts of each client that was seen, over all event loops.
   *
   * @param slot of an experiment, for the calls in its scope; undefined for all calls
   */
  read(slot?: number): ClientTotals;
};

/** The nodes that share. */
export type FleetView = {
  /** The name of this one. */
  readonly name: string;
  /** Those that are alive, this one among them, as they told of themselves; empty as long as none was heard. */
  nodes(): readonly {
    readonly name: string;
    readonly version: string;
    readonly host: string;
    readonly generation: number;
    readonly hash: string;
    readonly startedAtMs: number;
    readonly ageMs: number;
  }[];
  /** What they last told of their calls, by name; only this one where Redis is away. */
  reports(): Promise<ReadonlyMap<string, NodeReport>>;
  readonly memory: { isUp(): boolean };
};

/** What the main thread knows of the node without asking. */
export type NodeStatus = {
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly workers: number;
  /** Number of the configuration in force. */
  readonly generation: number;
  /** The text that it was read from: the first 12 hex digits of its SHA-256; absent where there is none. */
  readonly hash?: string;
  readonly source: ConfigSource;
  readonly inFlight: number;
  readonly waiting: number;
  readonly permits: { readonly max: number; readonly available: number };
  readonly draining: boolean;
};

/** Where the configuration in force comes from. */
export type ConfigSource = {
  readonly from: "built-in" | "file" | "consul" | "etcd" | "api";
  /** The path of the file, or the URL of the main file in the store, without any secret. */
  readonly at?: string;
  /** What the store calls the state that is in force, such as Consul's index. */
  readonly version?: string;
  /** Whether the store responded when it was last asked; absent where there is none. */
  readonly reachable?: boolean;
  /** Whether what is in force is the last good copy on the disk, because the store could not be used at the start. */
  readonly copy?: boolean;
  /** Why the latest state of the store is not in force. */
  readonly error?: string;
};

/** What asked for the configuration to be loaded again, as the log tells it. */
export type ReloadCause = {
  readonly from: "file" | "SIGHUP" | "api" | "consul" | "etcd";
  /** Who asked the admin API: by its token, or by the address of the client where it has none. */
  readonly by?: string;
};

/** What became of an attempt to load the configuration again. */
export type Reload =
  | { readonly ok: true; readonly generation: number; readonly hash?: string | undefined }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Declares a route; the names of its query parameters come from `parameters`. */
export function route<Name extends string = never>(declared: Route<Name>): Route<Name> {
  return declared;
}

/** A response in JSON. @param version of what can be changed, for its ETag */
export function json(value: unknown, status = 200, version?: string): AdminResponse {
  const text = `${JSON.stringify(value)}\n`;
  return { status, type: "application/json; charset=utf-8", text, ...(version !== undefined && { version }) };
}

/** The content type of plain text. */
export const plainText = "text/plain; charset=utf-8";

/** A response in plain text. */
export function text(text: string, status = 200): AdminResponse {
  return { status, type: plainText, text };
}

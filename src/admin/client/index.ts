import type { z } from "zod";
import type { ClientVerdict } from "../../core/clients/counts.ts";
import type { Report } from "../../core/experiments/report/report.ts";
import type { RunView } from "../../core/experiments/run.ts";
import type { TrafficRecord } from "../../core/records/types.ts";
import type { ShadowReport } from "../../core/shadow/store.ts";
import type { Verdict } from "../../core/shadow/verdict.ts";
import type { Profile } from "../../core/simulator/types.ts";
import type { Outcome } from "../../core/types.ts";
import type { AuditEntry } from "../audit.ts";
import type { ConfigFinding } from "../given-configuration.ts";
import type { givenSchema } from "../replies/given.ts";
import type { NodeStatus } from "../resource.ts";
import type { experimentToStart } from "../shapes/experiments.ts";
import type { Breakers, budgetUse, learnedModel, nodeList } from "../shapes/node.ts";
import { sendTo, type AdminCall, type AdminPlace } from "./send.ts";

export { AdminError } from "./send.ts";

/** How a page of a list is asked for. */
export type PageQuery = {
  readonly limit?: number | undefined;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
};

/** What is asked of the latest calls; all that is given must hold. */
export type RequestsQuery = PageQuery & {
  readonly [Name in "id" | "status" | "key" | "model" | "mode" | "rule" | "fault" | "ending"]?: string | undefined;
};

/** The formats of a report on an experiment. */
export type ReportFormat = "json" | "text" | "markdown" | "junit" | "html";

/** The admin API of one node. What the node refuses, or that it cannot be reached, is an AdminError. */
export type AdminClient = {
  status(): Promise<NodeStatus & Breakers>;
  /** The latest calls, the newest first. */
  requests(query?: RequestsQuery): Promise<{ readonly requests: readonly Outcome[]; readonly next?: string }>;
  /** One call by its id. */
  request(id: string): Promise<Outcome>;
  /** Records in memory, the oldest first. */
  records(query?: PageQuery & { readonly since?: string; readonly model?: string }): Promise<readonly TrafficRecord[]>;
  shadow(): Promise<ShadowReport>;
  shadowReport(query?: { readonly since?: string | undefined; readonly gate?: string | undefined }): Promise<Verdict>;
  /** The newest first. */
  experiments(query?: PageQuery): Promise<{ readonly killSwitch: boolean; readonly experiments: readonly RunView[] }>;
  experiment(id: string): Promise<Report>;
  experimentReport(id: string, format: ReportFormat): Promise<string>;
  startExperiment(experiment: z.input<typeof experimentToStart>): Promise<RunView>;
  stopExperiment(id: string): Promise<RunView>;
  /** The kill switch. */
  stopAll(): Promise<{ readonly killSwitch: boolean; readonly stopped: readonly RunView[] }>;
  resume(): Promise<{ readonly killSwitch: boolean }>;
  /** What was changed, the newest first. */
  audit(query?: PageQuery): Promise<{ readonly entries: readonly AuditEntry[]; readonly next?: string }>;
  clients(): Promise<{ readonly clients: readonly ClientVerdict[] }>;
  budgets(): Promise<{ readonly budgets: readonly z.output<typeof budgetUse>[] }>;
  learnedProfiles(): Promise<{ readonly models: readonly z.output<typeof learnedModel>[] }>;
  learnedProfile(name: string): Promise<Profile>;
  nodes(): Promise<z.output<typeof nodeList>>;
  /** The configuration in force. */
  config(): Promise<unknown>;
  /** Finds all that is wrong with a configuration. @param text YAML, or JSON */
  checkConfig(text: string): Promise<{ readonly valid: boolean; readonly findings: readonly ConfigFinding[] }>;
  /** Puts one in force on a node that was started without. @param ifMatch ETag of the one that it is meant to replace */
  applyConfig(text: string, ifMatch?: string): Promise<AppliedConfig>;
  reload(): Promise<{ readonly generation: number; readonly hash?: string }>;
  /** The replies that are there, in the order in which they are tried. */
  replies(query?: PageQuery): Promise<{ readonly replies: readonly ShownReply[]; readonly next?: string }>;
  reply(id: string): Promise<ShownReply>;
  addReply(reply: z.input<typeof givenSchema>): Promise<ShownReply>;
  deleteReply(id: string): Promise<{ readonly deleted: number }>;
  deleteReplies(): Promise<{ readonly deleted: number }>;
  metrics(): Promise<string>;
  /** Any other path, such as `breakers`, behind `/admin/v1/`. */
  get<Body>(path: string, query?: AdminCall["query"]): Promise<Body>;
  send<Body>(method: NonNullable<AdminCall["method"]>, path: string, body?: unknown): Promise<Body>;
  /** A response that is no JSON. */
  text(path: string, query?: AdminCall["query"]): Promise<string>;
};

/** A reply with what became of it. */
type ShownReply = z.output<typeof givenSchema> & {
  readonly id: string;
  /** How often it was given. */
  readonly given: number;
  readonly until?: string;
};

/** A configuration that is in force. */
type AppliedConfig = {
  readonly generation: number;
  readonly hash?: string;
  /** Paths whose changes take effect after a restart only. */
  readonly restart: readonly string[];
  /** Warnings. */
  readonly findings: readonly ConfigFinding[];
};

const root = "/admin/v1/";
const yaml = "application/yaml";

/**
 * Makes a client of the admin API.
 *
 * @throws TypeError with the first request where the URL is none
 */
export function createAdminClient(place: AdminPlace): AdminClient {
  const text = async (path: string, call: AdminCall = {}): Promise<string> =>
    await (await sendTo(place, path.startsWith("/") ? path : root + path, call)).text();
  const ask = async <Body>(path: string, call: AdminCall = {}): Promise<Body> => {
    // What the admin API of the same version says.
    const told: Body = JSON.parse(await text(path, call));
    return told;
  };
  return {
    status: () => ask("status"),
    requests: (query = {}) => ask("requests", { query }),
    request: (id) => ask(`requests/${part(id)}`),
    records: async (query = {}) => linesOf(await text("records", { query })),
    shadow: () => ask("shadow"),
    shadowReport: (query = {}) => ask("shadow/report", { query }),
    experiments: (query = {}) => ask("experiments", { query }),
    experiment: (id) => ask(`experiments/${part(id)}`),
    experimentReport: (id, format) => text(`experiments/${part(id)}/report`, { query: { format } }),
    audit: (query = {}) => ask("audit", { query }),
    clients: () => ask("clients"),
    budgets: () => ask("budgets"),
    learnedProfiles: () => ask("profiles/learned"),
    learnedProfile: (name) => ask(`profiles/learned/${part(name)}`),
    nodes: () => ask("nodes"),
    config: () => ask("config"),
    replies: (query = {}) => ask("replies", { query }),
    reply: (id) => ask(`replies/${part(id)}`),
    metrics: () => text("/metrics"),
    get: (path, query = {}) => ask(path, { query }),
    ...changesBy(ask),
    send: (method, path, body) => ask(path, { method, body }),
    text: (path, query = {}) => text(path, { query }),
  };
}

type Ask = <Body>(path: string, call?: AdminCall) => Promise<Body>;

type Change =
  | "startExperiment"
  | "stopExperiment"
  | "stopAll"
  | "resume"
  | "checkConfig"
  | "applyConfig"
  | "reload"
  | "addReply"
  | "deleteReply"
  | "deleteReplies";

function changesBy(ask: Ask): Pick<AdminClient, Change> {
  return {
    startExperiment: (body) => ask("experiments", { method: "POST", body }),
    stopExperiment: (id) => ask(`experiments/${part(id)}`, { method: "DELETE" }),
    stopAll: () => ask("experiments/stop", { method: "POST" }),
    resume: () => ask("experiments/resume", { method: "POST" }),
    checkConfig: (text) => ask("config/check", { method: "POST", text: { type: yaml, text } }),
    applyConfig: (text, ifMatch) => ask("config/apply", { method: "POST", text: { type: yaml, text }, ifMatch }),
    reload: () => ask("reload", { method: "POST" }),
    addReply: (body) => ask("replies", { method: "POST", body }),
    deleteReply: (id) => ask(`replies/${part(id)}`, { method: "DELETE" }),
    deleteReplies: () => ask("replies", { method: "DELETE" }),
  };
}

function part(id: string): string {
  return encodeURIComponent(id);
}

function linesOf(text: string): TrafficRecord[] {
  return text.split("\n").flatMap((line) => (line === "" ? [] : [recordOf(line)]));
}

function recordOf(line: string): TrafficRecord {
  const record: TrafficRecord = JSON.parse(line);
  return record;
}

import type { CompiledRule } from "./decide.ts";
import type { FaultDraws } from "./fault-draws.ts";
import type { ControlSettings } from "./control.ts";
import type { ChooseReply } from "./replies/choose.ts";
import type { BudgetSettings } from "./budgets/types.ts";
import type { PriceTable } from "./prices/types.ts";
import type { RecordingFolder } from "./recordings/types.ts";
import type { ConditionalReply } from "./replies/conditional.ts";
import type { Decision, Profile } from "./types.ts";

/** One compiled configuration. It never changes; a new configuration is a new snapshot, swapped in whole. */
export type Snapshot = {
  /** Counts the configurations that this process has taken up, from 1. */
  readonly generation: number;
  readonly seed: number;
  /** In the order of the configuration; the first that matches decides. */
  readonly rules: readonly CompiledRule[];
  readonly fallback: Decision;
  /** Undefined where all faults of the fallback always act. */
  readonly fallbackDraws: FaultDraws | undefined;
  /** Undefined where it has no reply. */
  readonly fallbackReply: ChooseReply | undefined;
  /** For simulated calls whose rule has no reply; the first that fits. */
  readonly fixtures: readonly ConditionalReply[];
  /** Those that rules play. */
  readonly recordings: readonly RecordingFolder[];
  readonly upstreams: ReadonlyMap<string, UpstreamSettings>;
  /** By model; empty where no upstream has a budget. */
  readonly prices: PriceTable;
  readonly profiles: readonly Profile[];
  /** Name of the profile for models that no profile's glob matches. */
  readonly defaultProfile: string;
  /** The models that exist; undefined when every name is accepted. */
  readonly models: ReadonlySet<string> | undefined;
  /** The context windows that the configuration names, in tokens, by model. */
  readonly contextTokens: ReadonlyMap<string, number>;
  readonly control: ControlSettings;
  readonly keys: readonly KeySettings[];
  /** Whether a call needs one of `keys`, where there are any, or is only told by it. */
  readonly keyMode: "require" | "identify";
  /** One row for each of `keys`, in their order, and a last one for calls without a key. */
  readonly rateLimits: readonly RateLimit[];
  readonly permits: PermitSettings;
  /** Whether it is counted what clients do, and how long a failed attempt waits for the next. */
  readonly clients: { readonly enabled: boolean; readonly windowMs: number };
  readonly limits: {
    /** Max size of one simulated response. */
    readonly maxOutputTokens: number;
    readonly overload: "refuse" | "off";
    readonly maxLagMs: number;
    /** Of the node; undefined for a share of the heap. */
    readonly plannedBytes?: number | undefined;
  };
  readonly listen: ListenSettings;
  readonly admin: { readonly host: string; readonly port: number };
  /** The service for Envoy's ext_proc filter; undefined when it is off. */
  readonly extProc: ExtProcSettings | undefined;
  readonly workers: "auto" | number;
  /** Records of calls are kept. */
  readonly recorded: boolean;
  /** The upstreams whose timing is learned. */
  readonly learned: ReadonlySet<string>;
  /** Responses have headers that say what was decided. */
  readonly responseHeaders: boolean;
  readonly log: { readonly level: LogLevel; readonly time: "epoch" | "iso" };
};

/** How to reach one upstream; times in milliseconds. */
export type UpstreamSettings = {
  readonly name: string;
  /** In the order in which they are tried; at least one. */
  readonly addresses: readonly UpstreamAddress[];
  readonly dialect: string;
  /** Sent instead of the caller's own key. */
  readonly apiKey: string | undefined;
  /** PEM strings, and the name in its certificate. */
  readonly tls: UpstreamTls | undefined;
  readonly connectTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionAgeMs: number;
  /** Max connections of one worker to one address. */
  readonly connections: number;
  readonly maxHeadBytes: number;
  /** Undefined where none is configured. */
  readonly breaker: BreakerSettings | undefined;
  /** Undefined where none is configured. */
  readonly budget?: BudgetSettings | undefined;
};

/** Where an upstream is. */
type UpstreamAddress = {
  /** Origin and base path, without a slash at the end. */
  readonly url: string;
  /** Of the HTTP proxy through which it is reached, credentials included. */
  readonly proxyUrl: string | undefined;
};

type UpstreamTls = {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly serverName?: string | undefined;
};

/** When an upstream counts as broken, and what its calls get then. */
type BreakerSettings = {
  /** 0 … 100. */
  readonly errorPercentage: number;
  readonly minimumCalls: number;
  readonly consecutiveFailures?: number | undefined;
  readonly windowMs: number;
  readonly resetMs: number;
  readonly whenOpen: "simulate" | "fail" | "forward";
};

/** One API key that callers may present. */
export type KeySettings = {
  readonly name: string;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
};

/** What a key may use up in a minute; undefined means no limit. */
export type RateLimit = {
  readonly requestsPerMinute: number | undefined;
  readonly tokensPerMinute: number | undefined;
};

type PermitSettings = { readonly max: number; readonly queue: number; readonly queueTimeoutMs: number };

type ListenSettings = {
  readonly host: string;
  readonly port: number;
  readonly trustedProxies: readonly string[];
  readonly proxyProtocol: boolean;
  /** Undefined where it is left to the provider which web pages may read responses. */
  readonly cors?: { readonly origins: readonly string[] } | undefined;
  readonly appendForwardedFor: boolean;
  readonly maxHeadBytes: number;
  readonly halfClose: "close" | "respond";
  /** Of a body that is read, decoded. */
  readonly maxBodyBytes: number;
  /** Of a body that is forwarded; undefined for no limit. */
  readonly maxForwardedBodyBytes?: number | undefined;
  readonly keepAliveMs: number;
  readonly idleMs: number;
  readonly bodyTimeoutMs: number;
  readonly sendTimeoutMs: number;
  /** Of the node; undefined for what the limit on open files leaves. */
  readonly maxConnections?: number | undefined;
  readonly maxStreamsPerConnection: number;
  readonly drainMs: number;
};

type ExtProcSettings = { readonly host: string; readonly port: number; readonly observe: "head" | "response" };

type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

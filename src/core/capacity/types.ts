/** What calls cost a machine, as the benchmark measures it. */
export type Costs = {
  /** What it was measured on, in words. */
  readonly machine: string;
  /** The day, as `2026-11-24`. */
  readonly measured: string;
  /** CPU time of one request with its whole response, on one event loop, in microseconds. */
  readonly requestMicros: number;
  /** CPU time of one token of a stream, in microseconds. */
  readonly tokenMicros: number;
  /** What a request costs more for each event loop besides its own, in percent: shared memory. */
  readonly contentionPercentage: number;
  /** Event loops that the contention was measured with; beyond, it is extrapolated. */
  readonly contentionCores: number;
  /** How long a pause of the event loop is that one in a hundred calls meets, in milliseconds. */
  readonly pauseMs: number;
  /** A response with its head, in bytes. */
  readonly responseBytes: number;
  /** One token of a stream, in bytes. */
  readonly tokenBytes: number;
};

/** What is asked of all nodes together. */
export type Load = {
  /** Requests a second, those that begin streams among them. */
  readonly rps: number;
  /** Streams that are open at a time. */
  readonly streams: number;
  /** Time between two tokens of a stream, in milliseconds. */
  readonly itlMs: number;
};

/** A machine that can be had. */
export type Instance = { readonly cores: number; readonly usdPerHour: number };

/** A bound that has to be passed for some time. */
export type Trigger = { readonly limit: number; readonly forSeconds: number };

/** When the autoscaler adds or removes nodes, and how many. */
export type Step = {
  readonly nodes: number;
  /** Utilisation of the usable CPU, in percent. */
  readonly cpuPercentage: Trigger;
  readonly p99Ms: Trigger;
};

/** Where load changes: linear between two points. */
export type TrafficPoint = { readonly atMinutes: number; readonly percentage: number };

/** What nodes are, how they are checked and scaled, and what is expected of them all. */
export type Policy = {
  readonly instances: Readonly<Record<string, Instance>>;
  readonly node: {
    /** One of `instances`. */
    readonly instance: string;
    /** Share of its CPU that calls may have. */
    readonly usablePercentage: number;
    /** A call that would wait longer is refused. */
    readonly maxWaitMs: number;
  };
  /** In each region. */
  readonly nodes: { readonly min: number; readonly max: number };
  /** In each region. */
  readonly zones: number;
  /** What may be lost while all calls are still served. */
  readonly reserve: "none" | "zone" | "region";
  readonly utilisation: { readonly targetPercentage: number; readonly afterLossPercentage: number };
  /** From the decision to a process that can be checked. */
  readonly provisioning: { readonly minSeconds: number; readonly maxSeconds: number };
  readonly drainSeconds: number;
  readonly health: {
    readonly intervalSeconds: number;
    readonly healthyChecks: number;
    readonly unhealthyChecks: number;
  };
  readonly scaling: {
    readonly evaluateSeconds: number;
    readonly cooldownSeconds: number;
    /** Any of the two triggers adds nodes. */
    readonly up: Step;
    /** Both triggers together remove nodes. */
    readonly down: Step;
  };
  /** Share of the traffic of each region, in percent. */
  readonly regions: Readonly<Record<string, number>>;
  readonly failover: {
    readonly intervalSeconds: number;
    readonly unhealthyChecks: number;
    /** Of the DNS record. */
    readonly ttlSeconds: number;
  };
  readonly balancer: {
    readonly usdPerHour: number;
    /** A unit of capacity: so many bytes an hour. */
    readonly usdPerUnitHour: number;
    readonly unitBytes: number;
  };
  /** In percent of what is asked; after the last point it stays. */
  readonly traffic: readonly TrafficPoint[];
  readonly goals: {
    readonly p99Ms: number;
    readonly recoverySeconds: number;
    readonly availabilityPercentage: number;
  };
  /** What providers promise. */
  readonly availability: {
    readonly instancePercentage: number;
    readonly balancerPercentage: number;
    readonly regionPercentage: number;
  };
  /** Where the numbers are from. */
  readonly sources: Readonly<Record<string, string>>;
};

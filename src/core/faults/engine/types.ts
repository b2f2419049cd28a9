import type { z } from "zod";
import type { Frame, Plan, Sink } from "../../types.ts";
import type { Dialect } from "../../dialects/types.ts";

/** How a reset is told to a client of HTTP/2: the name of its error code, and whether all of its connection is to end. */
export type Http2Reset = { readonly code: string; readonly goaway: boolean };

/**
 * One kind of fault, in one file: its options, and what it does to a response.
 *
 * `bend` stands between a source and a client as a Sink that passes on to `next`; it never waits, it only moves times,
 * so the same code bends a plan made in advance and a live response as it arrives. A fault that needs no response at all
 * gives one by `respond`, and the source is never asked.
 */
export type Fault<Options> = {
  readonly kind: string;
  /** One sentence for the schema and the docs. */
  readonly summary: string;
  /** A strict object; `kind` is added to it for the configuration. */
  readonly options: z.ZodObject & z.ZodType<Options>;
  /** How much later a response comes by it, in milliseconds; absent where nothing is added. */
  delayMs?(options: Options): number;
  /** True when it looks at the head of a response only, and lets nothing of its body through. */
  readonly headOnly?: true;
  /** Why it can take no effect on any of these calls; undefined where it can, or absent where that holds of all calls. */
  withoutEffect?(options: Options, calls: FaultedCalls): string | undefined;
  /** It needs the client's own connection; where that is a gateway's, it becomes a cut, or is refused. */
  readonly ownConnection?: "cut" | "refused";
  respond?(options: Options, context: FaultContext): Plan;
  bend?(options: Options, next: Sink, context: FaultContext): Sink;
};

/** What is known in advance of the calls that a fault is for. */
export type FaultedCalls = {
  /** Whose they are; undefined where that is not known, or where they are of several APIs. */
  readonly dialect: Dialect | undefined;
  /** Name of the dialect's operation, where they are all of one. */
  readonly operation?: string | undefined;
  /** Whether they are streamed; undefined where they may be either. */
  readonly stream: boolean | undefined;
};

/** What a fault may use of the call it bends. */
export type FaultContext = {
  readonly dialect: Dialect;
  /** Name of the dialect's operation; undefined for a path that cannot be simulated. */
  readonly operation?: string | undefined;
  readonly model: string | undefined;
  readonly requestId: string;
  /** When the call began: wall time in milliseconds since 1970. */
  readonly nowMs?: number;
  /** Path with query: some APIs stream by it. */
  readonly target: string;
  /** Says how the reset that ends the response is told over HTTP/2; absent where nobody asks. */
  resetBy?(reset: Http2Reset): void;
  /** To be called when the fault takes effect. */
  fired(): void;
  /** Nothing more of the source is wanted; in a live response its upstream is let go. */
  letGo?(): void;
  /** For a fault that holds frames back: `held` gives those, which leave as they are when no fault acts any more. */
  whenLetGo(held: () => readonly Frame[]): void;
  /** Runs `task` at that time of the call, between the pieces before it and those at or after it. */
  at(atMs: number, task: (atMs: number) => void): void;
};

import { attempt } from "../errors.ts";
import type { Source } from "../source.ts";
import { laterUsage, usageIn, type Usage } from "./usage.ts";

/** What is noted of a call for its record only, while it runs. */
export type RecordNotes = {
  /** Calls in flight on the node when it began, itself included; undefined for a call that only goes past the node. */
  readonly inFlight: number | undefined;
  /** It was only shown to the node, by its gateway. */
  readonly observed?: boolean;
  /** What the upstream's usage tells. */
  usage: Usage | undefined;
  /** Counted here, since the usage of a stream may not be told. */
  promptTokens?: number | undefined;
  /** The caller has asked for other times, or another length, than the profile of what is simulated would give. */
  readonly overridden?: boolean;
};

/** What a decision says of the other side. */
type Mirrored = {
  readonly mirror: object | undefined;
  readonly copy?: object | undefined;
  readonly serve: Source;
};

/** Of which calls notes are made whatever their mirror: of all, or of those to some upstreams. */
type Noting = { readonly recorded: boolean; readonly learned: ReadonlySet<string> };

/** Whether notes are made of a call: for records, for its comparison with a mirror, or to learn from it. */
export function isNoted({ mirror, copy, serve }: Mirrored, { recorded, learned }: Noting): boolean {
  if (recorded || mirror !== undefined || copy !== undefined) return true;
  return serve.from === "upstream" && learned.has(serve.upstream);
}

/** @param counted calls in flight on the node, the one that begins included; or that it is none of them */
export function newNotes(counted: number | "observed", decision?: Overridable): RecordNotes {
  const observed = counted === "observed";
  const overridden = decision !== undefined && isOverridden(decision);
  return { inFlight: observed ? undefined : counted, observed, usage: undefined, promptTokens: undefined, overridden };
}

type Overridable = Pick<Mirrored, "mirror" | "serve"> & { readonly overrides: Overriding };

/** What the control header can ask of a simulation that bends its times or its length. */
type Overriding = {
  readonly ttftMs?: number;
  readonly itlMs?: number;
  readonly outputTokens?: number;
  readonly refusal?: boolean;
};

function isOverridden({ serve, mirror, overrides }: Overridable): boolean {
  const { ttftMs, itlMs, outputTokens, refusal } = overrides;
  if (serve.from === "upstream" && mirror === undefined) return false;
  return ttftMs !== undefined || itlMs !== undefined || outputTokens !== undefined || refusal === true;
}

/** What is known of a request. */
type Prompt = { readonly stream: boolean; promptTokens(): number | undefined };

/** Counts the prompt of a streamed call, as long as its body is there, unless the upstream has told it or it is counted already. */
export function notePrompt(notes: RecordNotes | undefined, facts: Prompt | undefined): void {
  if (notes === undefined || facts?.stream !== true || notes.usage?.promptTokens !== undefined) return;
  notes.promptTokens ??= attempt(() => facts.promptTokens());
}

/** Notes the usage that a part of the upstream's response tells, if it does. */
export function noteUsage(notes: RecordNotes, text: string): void {
  const usage = usageIn(text);
  if (usage !== undefined) notes.usage = laterUsage(notes.usage, usage);
}

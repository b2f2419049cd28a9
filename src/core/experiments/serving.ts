import type { Opened } from "../dialects/types.ts";
import { attempt } from "../errors.ts";
import type { Snapshot } from "../snapshot.ts";
import type { Call, Decision, Source } from "../types.ts";
import type { StageDefinition } from "./definition.ts";

/** What a call may be served from, by what is configured and what is known of it. */
export type Servable = {
  /** Whether the simulator knows its operation and understands its body. */
  readonly canSimulate: boolean;
  readonly upstreams: ReadonlyMap<string, unknown>;
  readonly profiles: readonly { readonly name: string }[];
};

/** What a call may be served from. @param opened undefined for a path that cannot be simulated */
export function servableOf(opened: Opened | undefined, { upstreams, profiles }: Snapshot): Servable {
  return { canSimulate: opened !== undefined && opened.unreadable === undefined, upstreams, profiles };
}

/**
 * Where a stage serves a call from instead.
 *
 * @returns undefined where the stage leaves that to the rules; `unservable` where the call cannot be served so: the simulator
 *   does not know its path, the stage has a profile only and the call is forwarded, what it names is configured no more, or the
 *   call goes on from an earlier one that another has
 */
export function servingOf(
  { serve, upstream, profile }: Pick<StageDefinition, "serve" | "upstream" | "profile">,
  call: Call,
  { decision, servable }: { readonly decision: Decision; readonly servable: Servable },
): Source | "unservable" | undefined {
  if (serve === undefined && profile === undefined) return undefined;
  if (serve === undefined && decision.serve.from !== "simulator") return "unservable";
  const source: Serving =
    serve === "forward" ? { from: "upstream", upstream: upstream ?? "" } : { from: "simulator", profile };
  return isThere(source, servable) && isOwner(source, call) ? source : "unservable";
}

/** What a stage may serve a call from. */
type Serving = Exclude<Source, { readonly from: "replay" }>;

function isThere(source: Serving, { canSimulate, upstreams, profiles }: Servable): boolean {
  if (source.from === "upstream") return upstreams.has(source.upstream);
  const { profile } = source;
  return canSimulate && (typeof profile !== "string" || profiles.some(({ name }) => name === profile));
}

function isOwner({ from }: Source, { facts }: Call): boolean {
  const earlier = attempt(() => facts.goesOnFrom?.());
  return earlier === undefined || (from === "simulator") === earlier.isKept;
}

/** The decision with another source. */
export function servedFrom(decision: Decision, serve: Source): Decision {
  return { ...decision, serve, mirror: serve.from === "upstream" ? decision.mirror : undefined };
}

/** A source in the way of the control header, such as `serve=simulate;profile=slow`. */
export function sourceText(source: Source): string {
  if (source.from === "replay") return "serve=replay";
  if (source.from === "upstream") return `serve=forward;upstream=${source.upstream}`;
  return typeof source.profile === "string" ? `serve=simulate;profile=${source.profile}` : "serve=simulate";
}

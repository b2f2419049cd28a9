import type { ShadowReport } from "../../../core/shadow/store.ts";
import type { Verdict } from "../../../core/shadow/verdict.ts";
import type { Outcome } from "../../../core/types.ts";
import type { CallTrace, ConfigTexts, Mistake } from "../../configuration.ts";
import type { LiveState } from "../state.ts";
import type { Filter } from "./filter.ts";

/** The pages of the dashboard; the first is the one at `/`. */
export const pages = ["overview", "requests", "rules", "chaos", "shadow", "upstreams", "config"] as const;
export type PageName = (typeof pages)[number];

/** What one look at the dashboard is about, besides the node. */
export type View = {
  readonly page: PageName;
  /** What a form sends along to change something. */
  readonly csrf: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** Undefined until there is a connection; false when it is lost. */
  readonly connected?: boolean | undefined;
  /** Whether a login can be ended. */
  readonly hasLogin: boolean;
  readonly filter: Filter;
  /** Calls that stay in the list while others end; undefined where the list goes on. */
  readonly held?: LiveState["calls"] | undefined;
  readonly call?: Outcome | undefined;
  /** How the rules stand to `call`. */
  readonly trace?: CallTrace | undefined;
  /** Where calls are sent to, as far as the configuration tells: `http://localhost:8080`. */
  readonly traffic?: string | undefined;
  /** What is hardly meant in the configuration. */
  readonly warnings?: readonly Mistake[] | undefined;
  /** The request that was to be explained. */
  readonly asked?: AskedRequest | undefined;
  readonly shadow?: ShadowReport | undefined;
  readonly verdict?: FoundVerdict | undefined;
  /** Names of latency profiles. */
  readonly profiles?: readonly string[] | undefined;
  /** The configuration in force, as JSON. */
  readonly config?: string | undefined;
  readonly texts?: ConfigTexts | undefined;
  /** Experiments that the configuration names. */
  readonly configured: readonly string[];
  /** Experiments that come with the program. */
  readonly presets?: readonly PresetView[] | undefined;
  /** What a form that was refused had in its fields, by their names. */
  readonly draft?: Readonly<Partial<Record<string, string>>> | undefined;
  /** Why the last change was refused. */
  readonly notice?: string | undefined;
};

/** A verdict on mirrored calls, and when it was found, in milliseconds since 1970. */
export type FoundVerdict = { readonly atMs: number; readonly verdict: Verdict };

/** An experiment that can be started by its name. */
export type PresetView = {
  readonly name: string;
  readonly about: string;
  readonly hypothesis: string;
  readonly percentage: number;
  readonly durationMs: number;
  readonly stages: readonly string[];
};

/** A request as a form gave it, and what would happen to it, or why that cannot be said. */
export type AskedRequest = {
  readonly method: string;
  readonly path: string;
  /** `name: value`, one a line. */
  readonly headers: string;
  readonly body: string;
  readonly explained?: string | undefined;
  readonly refused?: string | undefined;
};

/** What a page is made of. */
export type Props = { readonly state: LiveState; readonly view: View };

/** Whether a text is the name of a page. */
export function isPage(name: string): name is PageName {
  return pages.some((page) => page === name);
}

/** Where a page is. */
export function pathOf(page: PageName): string {
  return page === "overview" ? "/" : `/dashboard/${page}`;
}

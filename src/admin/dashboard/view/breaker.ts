import { h, type ComponentChild } from "preact";
import type { BreakerState } from "../../../limits/breaker.ts";
import type { UpstreamState } from "../state.ts";
import { actionButton, clock, left, section, shown, table } from "./parts.ts";

/** How far back the timeline goes. */
const shownMs = 15 * 60_000;

/**
 * The circuit breaker of an upstream: its timeline, and buttons to force it.
 *
 * @param sinceMs start of the node
 */
export function breakerSection(
  upstream: UpstreamState,
  { csrf, nowMs, sinceMs }: { readonly csrf: string; readonly nowMs: number; readonly sinceMs: number },
): ComponentChild {
  const { name, breaker, forced, changes } = upstream;
  const title = `Circuit breaker of ${shown(name)}: ${forced === undefined ? (breaker ?? "none") : `forced ${forced.state}`}`;
  const ends = forced === undefined ? [] : [h("p", {}, forcedText(forced, nowMs))];
  const release =
    forced === undefined ? [] : [actionButton(`Release ${shown(name)}`, "release-breaker", { csrf, upstream: name })];
  return section(
    title,
    ...ends,
    strip(upstream, nowMs, sinceMs),
    h("div", { class: "buttons" }, forceForm(name, csrf), ...release),
    h(
      "details",
      {},
      h("summary", {}, `Latest changes (${changes.length})`),
      table(
        `Changes of the breaker of ${shown(name)}`,
        ["at (UTC)", "state", "why", "by"],
        changes.toReversed().map(({ atMs, state, why, by }) => [clock(atMs), state, why, shown(by, 40)]),
      ),
    ),
  );
}

function forcedText({ state, untilMs, by }: NonNullable<UpstreamState["forced"]>, nowMs: number): string {
  const what = state === "open" ? "No call goes to the upstream" : "Every call goes to the upstream, however many fail";
  return `${what}, for ${left(untilMs, nowMs)} more. Forced by ${shown(by, 40)}.`;
}

const choices = [1, 5, 15, 60, 240];

function forceForm(name: string, csrf: string): ComponentChild {
  const options = choices.map((minutes) => h("option", { value: String(minutes) }, `${minutes} min`));
  const button = (state: "open" | "closed"): ComponentChild =>
    h("button", { name: "state", value: state }, `Force ${shown(name)} ${state}`);
  return h(
    "form",
    { method: "post", action: "/dashboard/do/force-breaker", class: "fields" },
    h("input", { type: "hidden", name: "csrf", value: csrf }),
    h("input", { type: "hidden", name: "upstream", value: name }),
    h("label", {}, `Force ${shown(name)} for`, h("select", { name: "minutes" }, ...options)),
    button("open"),
    button("closed"),
  );
}

const width = 720;
const height = 22;
/** A state is written where it has room. */
const labelWidth = 70;

/** A time in one state. */
type Span = { readonly state: BreakerState; readonly fromMs: number; readonly toMs: number };

/** The states of the last minutes as a strip. */
function strip(upstream: UpstreamState, nowMs: number, sinceMs: number): ComponentChild {
  const spans = spansOf(upstream, { fromMs: Math.max(sinceMs, nowMs - shownMs), nowMs });
  const x = (ms: number): number => Number(((width * (ms - (nowMs - shownMs))) / shownMs).toFixed(1));
  const told = spans.map(({ state, fromMs }) => `${state} since ${clock(fromMs)}`).join(", ");
  return h(
    "svg",
    {
      class: "strip",
      viewBox: `0 0 ${width} ${height + 18}`,
      role: "img",
      "aria-label": `The last 15 minutes of ${shown(upstream.name)}: ${told}`,
    },
    ...spans.map(({ state, fromMs, toMs }) =>
      h("rect", { class: state, x: x(fromMs), y: 0, width: Math.max(1, x(toMs) - x(fromMs)), height }),
    ),
    ...spans.map(({ state, fromMs, toMs }) =>
      x(toMs) - x(fromMs) > labelWidth ? h("text", { class: "label", x: x(fromMs) + 6, y: height - 7 }, state) : "",
    ),
    ...[15, 10, 5, 0].map((minutes) =>
      h(
        "text",
        { x: x(nowMs - minutes * 60_000), y: height + 14, "text-anchor": anchorOf(minutes) },
        minutes === 0 ? "now" : `−${minutes} min`,
      ),
    ),
  );
}

function anchorOf(minutes: number): "start" | "middle" | "end" {
  if (minutes === 0) return "end";
  return minutes === 15 ? "start" : "middle";
}

/** A breaker that has not changed is as it is; before its first change it was closed. */
function spansOf(
  { breaker = "closed", changes }: UpstreamState,
  { fromMs, nowMs }: { readonly fromMs: number; readonly nowMs: number },
): Span[] {
  const first = { atMs: 0, state: changes.length === 0 ? breaker : ("closed" as const) };
  const known = [first, ...changes];
  return known
    .map(({ state, atMs }, index) => ({
      state,
      fromMs: Math.max(fromMs, atMs),
      toMs: Math.min(nowMs, known[index + 1]?.atMs ?? nowMs),
    }))
    .filter((span) => span.toMs > span.fromMs);
}

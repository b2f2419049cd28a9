import { h, type ComponentChild } from "preact";
import type { Outcome, Timeline } from "../../../core/types.ts";
import { duration, shown, table } from "./parts.ts";

const width = 720;
const left = 84;
const lane = 30;
/** Above the first lane; each fault has a line there for what it was and when. */
const top = 24;
const faultLine = 14;
/** Times shown one by one. */
const maxShown = 400;

/** A part of a lane; times in milliseconds from when the call began. */
type Part = { readonly what: string; readonly look: string; readonly fromMs: number; readonly toMs: number };

/** One lane of the drawing. */
type Lane = { readonly name: string; readonly parts: readonly Part[]; readonly timeline: Timeline };

/** Where the times of the call lie in the drawing; it begins in the queue. */
type Scale = { readonly startMs: number; readonly endMs: number; x(ms: number): number };

/** What the call waited for and when each token came, planned and actual, and real beside simulated where it was mirrored. */
export function waterfall(call: Outcome): ComponentChild[] {
  const lanes = lanesOf(call);
  const scale = scaleOf(call, lanes);
  const above = top + Math.max(0, call.faults.length - 1) * faultLine;
  const height = above + lanes.length * lane + 22;
  const label = `Timeline: ${lanes.map(({ name, timeline }) => `${name} ${duration(timeline.totalMs)}`).join(", ")}`;
  return [
    legend(call),
    h(
      "svg",
      { class: "waterfall", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      ...lanes.flatMap((each, index) => laneOf(each, above + index * lane, scale)),
      ...faultMarks(call, scale, height - 18),
      ...axisOf(scale, height - 4),
    ),
    table("Phases", ["phase", "from", "to", "took"], phaseRows(call)),
    h("details", {}, h("summary", {}, "Each token: planned and actual"), tokenTable(call)),
  ];
}

function scaleOf({ queueMs }: Outcome, lanes: readonly Lane[]): Scale {
  const startMs = -queueMs;
  const endMs = Math.max(1, ...lanes.map(({ timeline }) => timeline.totalMs));
  const share = (ms: number): number => (Math.min(Math.max(ms, startMs), endMs) - startMs) / (endMs - startMs);
  return { startMs, endMs, x: (ms) => Number((left + (width - left - 8) * share(ms)).toFixed(1)) };
}

function lanesOf(call: Outcome): Lane[] {
  const { planned, actual, shadow } = call;
  const simple = (name: string, timeline: Timeline): Lane => ({ name, timeline, parts: plannedParts(timeline) });
  return [
    ...(planned === undefined || shadow !== undefined ? [] : [simple("planned", planned)]),
    { name: "actual", timeline: actual, parts: actualParts(call) },
    ...(shadow === undefined ? [] : [simple("simulated", shadow.simulated)]),
  ];
}

function plannedParts({ ttftMs, totalMs }: Timeline): Part[] {
  const headMs = ttftMs ?? totalMs;
  return [
    { what: "until the first token", look: "wait", fromMs: 0, toMs: headMs },
    { what: "tokens", look: "body", fromMs: headMs, toMs: totalMs },
  ].filter(({ fromMs, toMs }) => toMs > fromMs);
}

/** What a call waited for, one after the other, as far as it came. */
function actualParts({ queueMs, askedMs, connectingMs, connectedMs, headMs, actual }: Outcome): Part[] {
  const { ttftMs, totalMs } = actual;
  const steps: (readonly [what: string, look: string, endMs: number | undefined])[] = [
    ["in the queue", "queue", queueMs > 0 ? 0 : undefined],
    ["before the upstream was asked", "own", askedMs],
    ["until there was a connection", "pool", connectingMs ?? connectedMs],
    ["connect", "connect", connectingMs === undefined ? undefined : connectedMs],
    ["until the response began", "wait", headMs],
    ["until the first token", "wait first", ttftMs],
    ["tokens", "body", totalMs],
  ];
  let fromMs = queueMs > 0 ? -queueMs : 0;
  return steps.flatMap(([what, look, endMs]): Part[] => {
    if (endMs === undefined || endMs < fromMs) return [];
    const named = what === "tokens" && ttftMs === undefined ? "until the end" : what;
    const part = { what: named, look, fromMs, toMs: endMs };
    fromMs = endMs;
    return [part];
  });
}

function laneOf({ name, parts, timeline }: Lane, y: number, { x }: Scale): ComponentChild[] {
  const bars = parts.map(({ what, look, fromMs, toMs }) =>
    h(
      "rect",
      { class: look, x: x(fromMs), y, width: Number(Math.max(1, x(toMs) - x(fromMs)).toFixed(1)), height: 20 },
      h("title", {}, `${name}: ${what}, ${duration(toMs - fromMs)}`),
    ),
  );
  const tokens = timeline.atMs
    .slice(0, maxShown)
    .map((at) => h("line", { class: "token", x1: x(at), x2: x(at), y1: y, y2: y + 20 }));
  return [h("text", { x: 0, y: y + 14 }, name), ...bars, ...tokens];
}

/** Where each fault struck. */
function faultMarks({ queueMs, faults, faultAtMs = [] }: Outcome, { x }: Scale, bottom: number): ComponentChild[] {
  return faultAtMs.slice(0, faults.length).flatMap((at, index) => {
    const place = x(at) > width / 2 ? { x: x(at) - 4, "text-anchor": "end" as const } : { x: x(at) + 4 };
    return [
      h("line", { class: "struck", x1: x(at), x2: x(at), y1: 4 + index * faultLine, y2: bottom }),
      h(
        "text",
        { class: "struck", ...place, y: 13 + index * faultLine },
        `fault ${shown(faults[index])}, ${duration(at + queueMs)}`,
      ),
    ];
  });
}

function axisOf({ startMs, endMs, x }: Scale, y: number): ComponentChild[] {
  return [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = startMs + (endMs - startMs) * share;
    return h("text", { x: x(at), y, "text-anchor": share === 1 ? "end" : "middle" }, duration(at - startMs));
  });
}

const looks = [
  ["queue", "queue"],
  ["own", "Stuntdouble"],
  ["pool", "waiting for a connection"],
  ["connect", "connect"],
  ["wait", "waiting for the response, and its first token"],
  ["body", "tokens, each a line"],
] as const;

function legend(call: Outcome): ComponentChild {
  const used = new Set(lanesOf(call).flatMap(({ parts }) => parts.map(({ look }) => look.split(" ")[0])));
  const entries = looks
    .filter(([look]) => used.has(look))
    .map(([look, text]) =>
      h(
        "li",
        {},
        h("svg", { class: "swatch waterfall", width: 16, height: 10, "aria-hidden": "true" }, [
          h("rect", { class: look, width: 16, height: 10 }),
        ]),
        text,
      ),
    );
  return h("ul", { class: "legend" }, ...entries);
}

function phaseRows(call: Outcome): ComponentChild[][] {
  const { queueMs, faults, faultAtMs = [] } = call;
  const parts = actualParts(call).map(({ what, fromMs, toMs }) => [
    what,
    duration(fromMs + queueMs),
    duration(toMs + queueMs),
    duration(toMs - fromMs),
  ]);
  const struck = faultAtMs.map((at, index) => [
    `fault ${shown(faults[index])} took effect`,
    duration(at + queueMs),
    "",
    "",
  ]);
  return [...parts, ...struck];
}

function tokenTable({ planned, actual, shadow }: Outcome): ComponentChild {
  const other = shadow?.simulated ?? planned;
  const name = shadow === undefined ? "planned" : "simulated";
  const rows = Math.min(maxShown, Math.max(actual.atMs.length, other?.atMs.length ?? 0));
  const more = other === undefined ? [] : [name, `gap, ${name}`, `later than ${name}`];
  return table(
    "Each token",
    ["token", "came after", "gap", ...more],
    Array.from({ length: rows }, (_, index) => {
      const [at, due] = [actual.atMs[index], other?.atMs[index]];
      const own = [String(index + 1), duration(at), duration(gapOf(actual, index))];
      if (other === undefined) return own;
      const late = at === undefined || due === undefined ? "–" : signed(at - due);
      return [...own, duration(due), duration(gapOf(other, index)), late];
    }),
  );
}

/** The time since the token before; of the first, since the beginning. */
function gapOf({ atMs }: Timeline, index: number): number | undefined {
  const at = atMs[index];
  return at === undefined ? undefined : at - (atMs[index - 1] ?? 0);
}

function signed(ms: number): string {
  return ms < 0 ? `−${duration(-ms)}` : duration(ms);
}

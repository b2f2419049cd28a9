import { h, type ComponentChild } from "preact";
import type { Outcome, Timeline } from "../../../core/types.ts";
import { duration, table } from "./parts.ts";

const width = 720;
const left = 90;
const lane = 34;
/** Times shown one by one. */
const maxShown = 400;

/** One lane of the drawing. */
type Lane = { readonly name: string; readonly timeline: Timeline };

/** When each token came, planned and actual, and real beside simulated where the call was mirrored. */
export function waterfall(call: Outcome): ComponentChild[] {
  const lanes = lanesOf(call);
  const endMs = Math.max(1, call.queueMs, ...lanes.map(({ timeline }) => timeline.totalMs));
  const x = (ms: number): number => Number((left + ((width - left - 4) * ms) / endMs).toFixed(1));
  const drawn = lanes.flatMap((each, index) => laneOf(each, { y: 20 + index * lane, x }));
  const queue =
    call.queueMs > 0 ? [h("rect", { class: "queue", x: left, y: 4, width: x(call.queueMs) - left, height: 6 })] : [];
  const height = 40 + lanes.length * lane;
  const axis = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    h(
      "text",
      { x: x(endMs * share), y: height - 6, "text-anchor": share === 1 ? "end" : "middle" },
      duration(endMs * share),
    ),
  );
  const label = `Timeline: ${lanes.map(({ name, timeline }) => `${name} ${duration(timeline.totalMs)}`).join(", ")}`;
  return [
    h(
      "svg",
      { class: "waterfall", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label },
      ...queue,
      ...drawn,
      ...axis,
    ),
    h("details", {}, h("summary", {}, "Times of the tokens"), tokenTable(lanes)),
  ];
}

function lanesOf({ planned, actual, shadow }: Outcome): Lane[] {
  return [
    ...(planned === undefined ? [] : [{ name: "planned", timeline: planned }]),
    { name: "actual", timeline: actual },
    ...(shadow === undefined ? [] : [{ name: "simulated", timeline: shadow.simulated }]),
  ];
}

function laneOf({ name, timeline }: Lane, { y, x }: { y: number; x(ms: number): number }): ComponentChild[] {
  const { ttftMs, totalMs, atMs } = timeline;
  return [
    h("text", { x: 0, y: y + 14 }, name),
    h("rect", { class: `wait ${name}`, x: left, y, width: Math.max(1, x(ttftMs ?? totalMs) - left), height: 20 }),
    h("rect", {
      class: `body ${name}`,
      x: x(ttftMs ?? totalMs),
      y,
      width: Math.max(1, x(totalMs) - x(ttftMs ?? totalMs)),
      height: 20,
    }),
    ...atMs.slice(0, maxShown).map((at) => h("line", { class: "token", x1: x(at), x2: x(at), y1: y, y2: y + 20 })),
  ];
}

function tokenTable(lanes: readonly Lane[]): ComponentChild {
  const rows = Math.min(maxShown, Math.max(0, ...lanes.map(({ timeline }) => timeline.atMs.length)));
  return table(
    "Times of the tokens",
    ["event", ...lanes.map(({ name }) => name)],
    Array.from({ length: rows }, (_, index) => [
      String(index + 1),
      ...lanes.map(({ timeline }) => duration(timeline.atMs[index])),
    ]),
  );
}

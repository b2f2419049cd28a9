import type { Outcome, Timeline } from "../../core/types.ts";
import type { Style } from "../terminal/style.ts";
import { duration } from "../terminal/text.ts";

/** Gaps between tokens that are shown one by one; the others are summed up. */
const maxGaps = 40;
const laneWidth = 10;

/**
 * A call drawn as text: its lanes against one scale, then the gaps between its tokens, planned against actual.
 *
 * @param width of the whole, in characters
 */
export function waterfallText(call: Outcome, width: number, style: Style): string[] {
  const lanes = lanesOf(call);
  const { queueMs } = call;
  const endMs = Math.max(1, queueMs + Math.max(...lanes.map(({ timeline: { totalMs } }) => totalMs)));
  const bar = Math.max(20, width - laneWidth - 14);
  return [
    style("dim", `${" ".repeat(laneWidth)}0${duration(endMs).padStart(bar - 1)}`),
    ...lanes.map((lane) => laneText(lane, { bar, endMs, queueMs })),
    style("dim", " ".repeat(laneWidth) + legendOf(call)),
    ...gapLines(lanes),
  ];
}

type Lane = { readonly name: string; readonly timeline: Timeline; readonly end: string };

function lanesOf(call: Outcome): Lane[] {
  const { planned, actual, shadow } = call;
  return [
    ...(planned === undefined ? [] : [{ name: "planned", timeline: planned, end: "]" }]),
    { name: "actual", timeline: actual, end: call.ending === "finish" ? "]" : "X" },
    ...(shadow === undefined ? [] : [{ name: "simulated", timeline: shadow.simulated, end: "]" }]),
  ];
}

function legendOf({ ending, queueMs }: Outcome): string {
  return [
    ...(queueMs > 0 ? ["q in the queue"] : []),
    ". until the first token",
    "| token",
    "- between tokens",
    ending === "finish" ? "] end" : `X ${ending}`,
  ].join("   ");
}

/** Times of a timeline count from the end of the wait in the queue. */
type Scale = { readonly bar: number; readonly endMs: number; readonly queueMs: number };

function laneText({ name, timeline, end }: Lane, { bar, endMs, queueMs }: Scale): string {
  const { ttftMs, totalMs, atMs } = timeline;
  const at = (ms: number): number => Math.min(bar - 1, Math.floor(((queueMs + ms) / endMs) * (bar - 1)));
  const [began, first] = [queueMs > 0 ? at(0) : 0, at(ttftMs ?? totalMs)];
  const cells: string[] = Array.from({ length: at(totalMs) + 1 }, (_, cell) =>
    cell < began ? "q" : cell < first ? "." : "-",
  );
  for (const ms of atMs) cells[at(ms)] = "|";
  cells[at(totalMs)] = end;
  return `${name.padEnd(laneWidth)}${cells.join("").padEnd(bar)}  ${duration(totalMs)}`;
}

function gapLines(lanes: readonly Lane[]): string[] {
  const compared = lanes.filter(({ timeline }) => timeline.atMs.length > 0);
  const longest = compared.reduce((most, { timeline }) => Math.max(most, timeline.atMs.length), 0);
  if (longest === 0) return [];
  const head = ["token", ...compared.flatMap(({ name }) => [`${name} at`, "gap"])];
  const rows = Array.from({ length: Math.min(longest, maxGaps) }, (_, index) => [
    String(index + 1),
    ...compared.flatMap(({ timeline: { atMs } }) => [duration(atMs[index]), gapAt(atMs, index)]),
  ]);
  const more = longest > maxGaps ? [`… and ${longest - maxGaps} more`] : [];
  return ["", ...[head, ...rows].map((cells) => cells.map((cell) => cell.padStart(13)).join("")), ...more];
}

function gapAt(atMs: readonly number[], index: number): string {
  const [before, at] = [atMs[index - 1], atMs[index]];
  return before === undefined || at === undefined ? "-" : duration(at - before);
}

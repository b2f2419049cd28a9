import type { LiveState } from "../../admin/dashboard/state.ts";
import type { Io } from "../args.ts";
import type { Told } from "../live/stream.ts";
import { openScreen } from "../terminal/screen.ts";
import { styleFor } from "../terminal/style.ts";
import type { Terminal } from "../terminal/types.ts";
import { sortKeys, summaryOf, type SortKey, type Summary } from "./summary.ts";
import { tableLines, type Line } from "./table.ts";

/** What is shown, and what ends it. */
export type Shown = { readonly io: Io; readonly ended: AbortController; readonly told: AsyncIterable<Told> };

const interrupt = "\u0003";
const endOfInput = "\u0004";

/** Draws a node on a terminal, each second and at each key, until `q` or a signal; the terminal is then as it was. */
export async function showOn(terminal: Terminal, { io, ended, told }: Shown): Promise<void> {
  const view = createView();
  const first = told[Symbol.asyncIterator]();
  // A node that refuses is told on the screen that was there before.
  const begun = await first.next();
  if (begun.done === true) return;
  const screen = openScreen(io, terminal, styleFor(io));
  const draw = (): void => screen.draw(view.lines());
  const releaseKeys = terminal.onKey((key) => {
    if (key === "q" || key === interrupt || key === endOfInput) ended.abort();
    else if (view.pressed(key)) draw();
  });
  const stopResize = terminal.onResize(draw);
  io.onHangup(() => ended.abort());
  try {
    view.told(begun.value);
    draw();
    for (let next = await first.next(); next.done !== true; next = await first.next())
      if (view.told(next.value)) draw();
  } finally {
    stopResize();
    releaseKeys();
    screen.close();
  }
}

/** What is on the screen. */
function createView() {
  let before: LiveState | undefined;
  let summary: Summary | undefined;
  let by: SortKey = "rate";
  let isPaused = false;
  let lost: string | undefined;
  return {
    /** @returns whether something is to be drawn */
    told(each: Told): boolean {
      if (each.kind === "lost") {
        lost = each.reason;
        before = undefined;
        return true;
      }
      const known = each.delta === undefined ? undefined : before;
      before = each.state;
      lost = undefined;
      if (isPaused) return false;
      summary = summaryOf(each.state, known, Date.now());
      return true;
    },
    /** @returns whether the key means something */
    pressed(key: string): boolean {
      if (key === "p") isPaused = !isPaused;
      else if (key === "s") by = sortKeys[(sortKeys.indexOf(by) + 1) % sortKeys.length] ?? "rate";
      else return false;
      return true;
    },
    lines: (): Line[] => [
      ...(lost === undefined ? [] : [{ text: `The connection is lost: ${lost}. Trying again…`, tone: "bad" as const }]),
      keyLine(by, isPaused),
      ...(summary === undefined ? [] : tableLines(summary, by)),
    ],
  };
}

function keyLine(by: SortKey, isPaused: boolean): Line {
  const pause = isPaused ? "p goes on (paused)" : "p pause";
  return { text: `q leave   ${pause}   s sort (by ${by})`, tone: isPaused ? "warn" : "dim" };
}

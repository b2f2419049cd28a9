import { monitorEventLoopDelay } from "node:perf_hooks";
import { question } from "../question.ts";
import type { LoopLag } from "./state.ts";

type Delays = ReturnType<typeof monitorEventLoopDelay>;

const everyMs = 10;
/** Nothing is measured once nobody has asked for so long. */
const idleMs = 5000;
const none: LoopLag = { p50: 0, p99: 0 };

/** What this thread measures while somebody looks. */
let measuring: { readonly delays: Delays; readonly end: NodeJS.Timeout } | undefined;

/** How late the timers of each event loop are since the last time that it was asked; of several, the slowest is told. */
export const loopLag = question({
  name: "loop-lag",
  reply: (): LoopLag => {
    if (measuring === undefined) {
      const delays = monitorEventLoopDelay({ resolution: everyMs });
      delays.enable();
      measuring = { delays, end: setTimeout(stop, idleMs).unref() };
      return none;
    }
    const { delays, end } = measuring;
    end.refresh();
    const lag = delays.count === 0 ? none : { p50: lateMs(delays, 50), p99: lateMs(delays, 99) };
    delays.reset();
    return lag;
  },
  merge: (replies): LoopLag =>
    replies.reduce((slowest, each) => (each.p99 > slowest.p99 ? each : slowest), replies[0] ?? none),
});

/** What is measured is the time from one timer to the next, which is meant to be `everyMs`. */
function lateMs(delays: Delays, percentile: number): number {
  return Math.max(0, delays.percentile(percentile) / 1e6 - everyMs);
}

function stop(): void {
  measuring?.delays.disable();
  measuring = undefined;
}

import { h, type ComponentChild } from "preact";
import { count, duration, figures, section, shown, table, timePlot, type Line } from "./parts.ts";
import type { Tick } from "../state.ts";
import type { Props } from "./types.ts";

/** What happens right now. */
export function overview({ state: { node, traffic, upstreams } }: Props): ComponentChild[] {
  const last = traffic.at(-1);
  const perSecond = Object.values(last?.perSecond ?? {}).reduce((sum, each) => sum + each, 0);
  const { max, available } = node.permits;
  return [
    figures([
      ["requests a second", count(perSecond)],
      ["TTFT, real", duration(last?.ttft.real?.p50), `p95 ${duration(last?.ttft.real?.p95)}`],
      ["TTFT, simulated", duration(last?.ttft.simulated?.p50), `p95 ${duration(last?.ttft.simulated?.p95)}`],
      ["in flight", count(node.inFlight), `${count(max - available)} of ${count(max)} permits`],
      ["waiting in the queue", count(node.waiting)],
      ["event-loop lag (p99)", duration(last?.lag.p99), `of ${count(node.workers)}, the slowest`],
    ]),
    plots(traffic, max),
    section(
      "Upstreams",
      table(
        "Upstreams",
        ["upstream", "circuit breaker", "calls", "errors"],
        upstreams.map(({ name, breaker, calls, errors }) => [shown(name), breaker ?? "none", calls, errors]),
      ),
    ),
  ];
}

const inFlightLines: readonly Line[] = [
  { name: "in flight", look: "one", value: ({ inFlight }) => inFlight },
  { name: "waiting", look: "two", value: ({ waiting }) => waiting },
];
const lagLines: readonly Line[] = [
  { name: "p50", look: "one", value: ({ lag }) => lag.p50 },
  { name: "p99", look: "two", value: ({ lag }) => lag.p99 },
];
const errorLines: readonly Line[] = [
  { name: "real", look: "one", value: ({ errors }) => errors.real },
  { name: "injected", look: "two", value: ({ errors }) => errors.injected },
  { name: "ours", look: "three", value: ({ errors }) => errors.ours },
];

function plots(traffic: readonly Tick[], permits: number): ComponentChild {
  return h(
    "div",
    { class: "plots" },
    timePlot("Requests, by what the client got", "requests/s", {
      ticks: traffic,
      lines: [
        { name: "real", look: "one", value: ({ perSecond: { real } }) => real },
        { name: "simulated", look: "two", value: ({ perSecond: { simulated, replayed } }) => simulated + replayed },
        { name: "made by a fault", look: "three", value: ({ perSecond: { fault } }) => fault },
        { name: "own errors", look: "four", value: ({ perSecond: { own } }) => own },
      ],
    }),
    timePlot("Errors", "errors/s", {
      ticks: traffic,
      lines: errorLines,
    }),
    timePlot("Time to first token (TTFT)", "ms, median of 10 s", {
      ticks: traffic,
      lines: [
        { name: "real", look: "one", value: ({ ttft }) => ttft.real?.p50 },
        { name: "simulated", look: "two", value: ({ ttft }) => ttft.simulated?.p50 },
      ],
    }),
    timePlot("Inter-token latency (ITL)", "ms, median of 10 s", {
      ticks: traffic,
      lines: [
        { name: "real", look: "one", value: ({ itl }) => itl.real?.p50 },
        { name: "simulated", look: "two", value: ({ itl }) => itl.simulated?.p50 },
      ],
    }),
    timePlot("In flight, and waiting in the queue", "calls", {
      ticks: traffic,
      lines: inFlightLines,
      limit: { y: permits, label: `${count(permits)} permits` },
    }),
    timePlot("Event-loop lag, of the slowest", "ms", { ticks: traffic, lines: lagLines }),
  );
}

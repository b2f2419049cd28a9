import { columns } from "../../core/page/table.ts";
import type { Outcome } from "../../core/types.ts";
import { toneOf } from "../tail/line.ts";
import type { Style } from "../terminal/style.ts";
import { duration, shown } from "../terminal/text.ts";
import { waterfallText } from "./waterfall.ts";

/** One call in full: what was decided, how long each part took, and when each token came. */
export function callText(call: Outcome, width: number, style: Style): string {
  const head = `${call.method} ${shown(call.route, 200)}: status ${call.status}, ending ${call.ending}, ${call.mode}`;
  return [
    style(toneOf(call) === "plain" ? "bold" : toneOf(call), head),
    columns([...factsOf(call), ...timesOf(call)].filter(([, value]) => value !== "-")),
    "",
    ...waterfallText(call, width, style),
    "",
  ].join("\n");
}

type Fact = readonly [name: string, value: string];

function factsOf(call: Outcome): Fact[] {
  return [
    ["id", shown(call.id, 200)],
    ["request id of the upstream", shown(call.upstreamRequestId, 200)],
    ["trace id", shown(call.traceId)],
    ["attempt", String(call.attempt ?? "-")],
    ["started", new Date(call.startedAtMs).toISOString()],
    ["rule", shown(call.rule, 100)],
    ["model", shown(call.model, 100)],
    ["upstream", shown(call.upstream)],
    ["profile", shown(call.profile)],
    ["API key", shown(call.keyName)],
    ["client", shown(call.client)],
    ["faults", call.faults.join(", ") || "-"],
    ["experiments", call.experiments.map((name) => shown(name)).join(", ") || "-"],
    ["cause of the failure", call.cause ?? "-"],
    ["stand-in", call.standIn ? "the circuit breaker was open, and the simulator stood in" : "-"],
    ["tokens", `${call.promptTokens ?? "?"} of the prompt, ${call.actual.tokens} of the response`],
  ];
}

/** All but the wait itself count from the end of the wait in the queue. */
function timesOf(call: Outcome): Fact[] {
  const { actual, planned, queueMs, overheadMs, scheduleErrorMs, faults } = call;
  const against = (ms: number | undefined): string => (ms === undefined ? "" : `, planned ${duration(ms)}`);
  return [
    ["in the queue", queueMs > 0 ? duration(queueMs) : "-"],
    ["connected to the upstream", connectedText(call)],
    ["head of the upstream", duration(call.headMs)],
    ["first token (TTFT)", actual.ttftMs === undefined ? "-" : duration(actual.ttftMs) + against(planned?.ttftMs)],
    ["fault struck", faults.length === 0 ? "-" : struckText(call)],
    ["end", duration(actual.totalMs) + against(planned?.totalMs)],
    ["spent by Stuntdouble", duration(overheadMs)],
    [
      "later than planned",
      scheduleErrorMs === undefined
        ? "-"
        : `${duration(scheduleErrorMs.mean)} on average, ${duration(scheduleErrorMs.max)} at most`,
    ],
  ];
}

function connectedText({ askedMs = 0, connectingMs, connectedMs }: Outcome): string {
  if (connectedMs === undefined) return "-";
  const waited = `waited ${duration((connectingMs ?? connectedMs) - askedMs)} for a connection`;
  const made = connectingMs === undefined ? "" : `, which was made in ${duration(connectedMs - connectingMs)}`;
  return `${duration(connectedMs)}, ${waited}${made}`;
}

/** Where the response left its plan, or ended other than properly. */
function struckText({ ending, actual, faults, faultAtMs = [] }: Outcome): string {
  const kinds = faults
    .map((kind, at) => (faultAtMs[at] === undefined ? kind : `${kind} at ${duration(faultAtMs[at])}`))
    .join(", ");
  if (ending === "finish") return kinds;
  const last = actual.atMs.at(-1);
  const after =
    last === undefined ? "before the first token" : `after token ${actual.atMs.length}, at ${duration(last)}`;
  return `${kinds}: ${ending} ${after}`;
}

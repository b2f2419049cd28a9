import { h, type ComponentChild } from "preact";
import type { Outcome } from "../../../core/types.ts";
import type { Call } from "../state.ts";
import { clock, duration, section, shown, table } from "./parts.ts";
import type { Filter, Props } from "./types.ts";
import { waterfall } from "./waterfall.ts";

const modes: readonly Call["mode"][] = ["real", "simulated", "replayed", "fault", "own"];

/** The latest calls, and one of them in full. */
export function requests({ state: { calls }, view: { filter, call } }: Props): ComponentChild[] {
  return [
    filterForm(filter),
    ...(call === undefined ? [] : [oneCall(call)]),
    list(calls.filter((each) => isWanted(each, filter))),
  ];
}

function list(found: readonly Call[]): ComponentChild {
  return section(
    `Latest calls (${found.length})`,
    table(
      "Latest calls",
      [
        "id",
        "at (UTC)",
        "mode",
        "status",
        "ending",
        "rule",
        "model",
        "upstream",
        "key",
        "faults",
        "TTFT",
        "total",
        "tokens",
      ],
      found.map((each) => [
        h("a", { href: `/dashboard/requests?id=${encodeURIComponent(each.id)}` }, shown(each.id, 40)),
        clock(each.startedAtMs),
        each.mode,
        each.status,
        each.ending,
        shown(each.rule, 40),
        shown(each.model, 40),
        shown(each.upstream, 40),
        shown(each.keyName, 40),
        each.faults.join(", "),
        duration(each.ttftMs),
        duration(each.totalMs),
        each.tokens,
      ]),
    ),
  );
}

/** Whether the filter lets a call through. */
function isWanted(call: Call, { text, mode }: Filter): boolean {
  if (mode === "injected" ? call.faults.length === 0 : mode !== "" && call.mode !== mode) return false;
  const { id, rule, model, upstream, keyName, ending, faults, experiments, status } = call;
  const words = [id, rule, model, upstream, keyName, ending, String(status), ...faults, ...experiments];
  return text === "" || words.some((word) => word?.toLowerCase().includes(text.toLowerCase()) === true);
}

function filterForm({ text, mode }: Filter): ComponentChild {
  const options = [["", "all"], ...modes.map((each) => [each, each]), ["injected", "with an injected fault"]].map(
    ([value, label]) => h("option", { value, selected: value === mode }, label),
  );
  return h(
    "form",
    { method: "get", class: "filter", role: "search" },
    h(
      "label",
      {},
      "Find ",
      h("input", { name: "text", value: text, placeholder: "id, rule, model, key, ending, fault, status" }),
    ),
    h("label", {}, "Mode ", h("select", { name: "mode" }, ...options)),
    h("button", {}, "Filter"),
  );
}

function oneCall(call: Outcome): ComponentChild {
  const facts: (readonly [string, string])[] = [
    ["method and path", `${call.method} ${shown(call.route, 200)}`],
    ["rule", shown(call.rule)],
    ["what the client got", `${call.mode}, status ${call.status}, ending ${call.ending}`],
    ["upstream", shown(call.upstream)],
    ["model", shown(call.model)],
    ["profile", shown(call.profile)],
    ["faults", call.faults.join(", ") || "none"],
    ["experiments", call.experiments.map((name) => shown(name)).join(", ") || "none"],
    ["cause of the failure", call.cause ?? "none"],
    ["request id of the upstream", shown(call.upstreamRequestId)],
    ["trace id", call.traceId ?? "–"],
    ["waited in the queue", duration(call.queueMs)],
    ["time spent by Stuntdouble", duration(call.overheadMs)],
  ];
  return section(
    `Call ${shown(call.id)}`,
    ...waterfall(call),
    table("What was decided", ["", ""], facts),
    h("h3", {}, "As curl"),
    h("p", { class: "note" }, "Without the body, which is not kept, and without credentials."),
    h("pre", {}, curlOf(call)),
  );
}

function curlOf({ method, route, model, stream, id }: Outcome): string {
  const body = JSON.stringify({ model: model ?? "MODEL", stream, messages: [{ role: "user", content: "…" }] });
  const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const head = `curl -N -X ${method} ${quoted(`http://localhost:8080${shown(route, 400)}`)}`;
  return [
    head,
    `-H 'content-type: application/json'`,
    `-H ${quoted(`x-request-id: ${shown(id, 200)}`)}`,
    `-d ${quoted(body)}`,
  ].join(" \\\n  ");
}

import { h, type ComponentChild } from "preact";
import type { Outcome } from "../../../core/types.ts";
import type { CallConditionTrace, CallRuleTrace, CallTrace } from "../../configuration.ts";
import { duration, section, shown, table } from "./parts.ts";
import type { View } from "./types.ts";
import { waterfall } from "./waterfall.ts";

/** One call in full: its waterfall, what was decided and why, and how to make it again. */
export function oneCall(call: Outcome, { trace, traffic, connected }: View): ComponentChild {
  return section(
    `Call ${shown(call.id)}`,
    ...waterfall(call),
    table("What was decided", ["fact", "value"], factsOf(call)),
    ...(trace === undefined ? [] : ruleTrace(trace)),
    h("h3", {}, "As curl"),
    h("p", { class: "note" }, "With a body to fill in, since that of the call is not kept, and without credentials."),
    h("pre", { id: "curl", tabIndex: 0 }, curlOf(call, traffic)),
    ...(connected === undefined
      ? []
      : [h("button", { type: "button", "data-copy": "curl" }, "Copy"), h("span", { class: "note", role: "status" })]),
  );
}

function factsOf(call: Outcome): (readonly [string, string])[] {
  return [
    ["method and path", `${shown(call.method)} ${shown(call.route, 200)}`],
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
    ["time spent by Stuntdouble", duration(call.overheadMs)],
  ];
}

const honest =
  "Which rule decided is known, and so are conditions on method, path, model, stream, key, time and the request id. Headers and the body are not kept of a call that has ended, so conditions on those are shown as not kept.";
const older = "The configuration has been loaded again since this call: these are the rules in force.";

function ruleTrace({ rules, isOlder }: CallTrace): ComponentChild[] {
  return [
    h("h3", {}, "Rules"),
    h("p", { class: "note" }, isOlder ? `${older} ${honest}` : honest),
    table(
      "Rules and their conditions",
      ["rule", "result", "condition", "its result", "wanted", "had"],
      rules.flatMap(rowsOf),
    ),
  ];
}

function rowsOf({ rule, result, conditions }: CallRuleTrace): string[][] {
  const [first, ...others] = conditions;
  if (first === undefined) return [[shown(rule), result, "none", "", "", ""]];
  return [[shown(rule), result, ...cellsOf(first)], ...others.map((each) => ["", "", ...cellsOf(each)])];
}

function cellsOf({ name, result, expected, seen }: CallConditionTrace): string[] {
  return [shown(name), result, shown(expected), seen === undefined ? "" : shown(seen)];
}

function curlOf({ method, route, model, stream, id, operation }: Outcome, traffic = "http://localhost:8080"): string {
  const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const lines = [`curl -N -X ${shown(method)} ${quoted(traffic + shown(route, 400))}`];
  lines.push(`-H ${quoted(`x-request-id: ${shown(id, 200)}`)}`);
  if (operation === undefined) return lines.join(" \\\n  ");
  const body = JSON.stringify({
    model: shown(model ?? "MODEL", 200),
    stream,
    messages: [{ role: "user", content: "…" }],
  });
  return [...lines, `-H 'content-type: application/json'`, `-d ${quoted(body)}`].join(" \\\n  ");
}

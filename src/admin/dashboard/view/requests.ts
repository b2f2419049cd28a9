import { h, type ComponentChild } from "preact";
import type { Call } from "../state.ts";
import { filterForm, filterQuery, isWanted, type Filter } from "./filter.ts";
import { oneCall } from "./one-call.ts";
import { clock, duration, section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** The latest calls, and one of them in full. */
export function requests({ state, view }: Props): ComponentChild[] {
  const { filter, call, held, connected } = view;
  const calls = held ?? state.calls;
  return [
    filterForm(filter, calls),
    ...(connected === undefined ? [] : [holdButton(held !== undefined)]),
    ...(call === undefined ? [] : [oneCall(call, view)]),
    list(
      calls.filter((each) => isWanted(each, filter)),
      calls.length,
      filter,
    ),
  ];
}

/** Under load a row would move away before it is read. */
function holdButton(isHeld: boolean): ComponentChild {
  return h(
    "p",
    {},
    h("button", { type: "button", "data-hold": "", "aria-pressed": isHeld }, "Hold the list"),
    isHeld ? " Calls that end meanwhile are not shown." : "",
  );
}

const columns = [
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
];

function list(found: readonly Call[], all: number, filter: Filter): ComponentChild {
  const query = filterQuery(filter);
  return section(
    `Latest calls (${found.length} of ${all})`,
    table(
      "Latest calls",
      columns,
      found.map((each) => [
        h("a", { href: `/dashboard/requests?id=${encodeURIComponent(each.id)}${query}` }, shown(each.id, 40)),
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

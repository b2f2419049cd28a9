import { h, type ComponentChild } from "preact";
import { section, shown, table } from "./parts.ts";
import type { Props } from "./types.ts";

/** The rules in their order, with what they decided. */
export function rules({ state }: Props): ComponentChild[] {
  const never = state.rules.filter(({ hits, name }) => hits === 0 && name !== "default").map(({ name }) => shown(name));
  return [
    section(
      "Rules, in the order in which they are tried",
      table(
        "Rules",
        ["rule", "what it does", "calls"],
        state.rules.map(({ name, serve, hits }) => [shown(name), shown(serve), hits]),
      ),
      h("p", { class: "note" }, never.length === 0 ? "Each rule has matched." : `Never matched: ${never.join(", ")}.`),
    ),
  ];
}

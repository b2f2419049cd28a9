import { h, type ComponentChild } from "preact";
import { section } from "./parts.ts";
import type { Props } from "./types.ts";

/** The configuration in force. */
export function config({ state, view }: Props): ComponentChild[] {
  return [
    section(
      `Generation ${state.node.generation}`,
      h("p", { class: "note" }, "The configuration in force, with all defaults. It names secrets and holds none."),
      h("pre", { tabIndex: 0 }, view.config ?? ""),
    ),
  ];
}

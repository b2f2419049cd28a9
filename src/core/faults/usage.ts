import { z } from "zod";
import type { JsonNode } from "./engine/json-text.ts";
import type { JsonEdit } from "./engine/json-edit.ts";
import { rewriting } from "./engine/rewrite.ts";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({
  what: z
    .enum(["missing", "zero", "absurd"])
    .describe("the usage is left out, or every number in it is 0, or 1,000,000,000,000"),
});

/** More than any model can say, and than 32 bits hold. */
const absurd = "1000000000000";

/** Takes the usage out of a response, or makes it wrong. */
export const usage: Fault<z.infer<typeof options>> = {
  kind: "usage",
  summary: "Leaves out the usage of a response, or makes its numbers wrong.",
  options,
  bend: ({ what }, next, context) =>
    rewriting(next, context, (json) => {
      const found = json.find(context.dialect.members?.usage ?? []).filter(({ value }) => value.kind !== "word");
      if (what === "missing") json.remove(found);
      else for (const { value } of found) setNumbers(json, value, what === "zero" ? "0" : absurd);
    }),
};

function setNumbers(json: JsonEdit, node: JsonNode, by: string): void {
  if (node.kind === "number") json.replace(node, by);
  for (const { value } of node.members) setNumbers(json, value, by);
  for (const item of node.items) setNumbers(json, item, by);
}

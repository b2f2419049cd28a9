import type { RuleTester } from "oxlint/plugins-dev";

/** A rule of the linter. */
export type Rule = Parameters<RuleTester["run"]>[1];

const message = "This reads the clock; take the time as a parameter.";

/** Forbids `new Date()` and `Date()`; `new Date(ms)` is pure. */
export const noCurrentDate: Rule = {
  create: (context) => ({
    NewExpression(node) {
      const { callee } = node;
      if (callee.type === "Identifier" && callee.name === "Date" && node.arguments.length === 0)
        context.report({ node, message });
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type === "Identifier" && callee.name === "Date") context.report({ node, message });
    },
  }),
};

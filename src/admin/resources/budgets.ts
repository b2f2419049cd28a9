import { z } from "zod";
import type { BudgetUse } from "../../core/budgets/types.ts";
import { sends } from "../described.ts";
import { budgetUse } from "../shapes/node.ts";
import { json, route, type Resource } from "../resource.ts";

/** `GET /admin/v1/budgets` */
export const budgets: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/budgets",
      summary: "the budgets of upstreams: limits, what is used up, when the window ends",
      responds: sends(z.object({ budgets: z.array(budgetUse) })),
      respond: ({ node }) => json({ budgets: node.budgets().map(shown) }),
    }),
  ],
};

function shown({ upstream, kind, limit, used, endsAtMs }: BudgetUse) {
  return { upstream, kind, limit, used, ratio: used / limit, endsAt: new Date(endsAtMs).toISOString() };
}

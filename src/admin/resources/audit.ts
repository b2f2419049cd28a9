import { z } from "zod";
import type { AuditEntry } from "../audit.ts";
import { sends } from "../described.ts";
import { listed, next, paging } from "../list.ts";
import { pageOf } from "../page.ts";
import { textOf } from "../parameters.ts";
import { route, type Resource } from "../resource.ts";
import { auditEntry } from "../shapes/audit.ts";

/** More than are kept. */
const maxListed = 1000;

/** `GET /admin/v1/audit` */
export const audit: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/audit",
      summary: "what was changed while the node runs, by whom and from where, the newest first",
      parameters: {
        ...paging(maxListed),
        what: textOf("what was done, such as started"),
        by: textOf("who did it, such as SIGUSR2"),
      },
      responds: sends(z.object({ entries: z.array(auditEntry), next })),
      respond({ node, query: { limit = maxListed, cursor, what, by }, linkTo }) {
        const wanted = (each: AuditEntry): boolean =>
          (what === undefined || each.what === what) && (by === undefined || each.by === by);
        const keyOf = ({ number }: AuditEntry) => [number, ""] as const;
        const found = node.audit.entries().filter(wanted);
        return listed("entries", pageOf(found, { limit: Number(limit), cursor, keyOf, isDescending: true }), {
          linkTo,
        });
      },
    }),
  ],
};

import { z } from "zod";
import { verdictsOf } from "../../core/clients/totals.ts";
import { sends } from "../described.ts";
import { clientVerdict } from "../shapes/experiments.ts";
import { json, route, type Resource } from "../resource.ts";

/** `GET /admin/v1/clients` */
export const clients: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/clients",
      summary: "what each client made of responses that failed: retries, waits, giving up",
      responds: sends(z.object({ clients: z.array(clientVerdict) })),
      respond: ({ node }) => json({ clients: verdictsOf(node.clients.read()) }),
    }),
  ],
};

import { z } from "zod";
import { sends } from "../described.ts";
import { versionOf } from "../given-configuration.ts";
import { ProblemError } from "../problem.ts";
import { json, route, type Resource } from "../resource.ts";

/** `POST /admin/v1/reload` */
export const reload: Resource = {
  routes: [
    route({
      method: "POST",
      path: "/admin/v1/reload",
      summary: "loads the configuration again; 422 with the errors when it is rejected",
      responds: sends(z.object({ generation: z.int(), hash: z.string().optional() })),
      refuses: [422],
      isVersioned: true,
      async respond({ node, by, audit, requireVersion }) {
        requireVersion(versionOf(node.status()));
        const result = await node.reload({ from: "api", by });
        if (result.ok) {
          const { generation, hash } = result;
          audit("configuration reloaded", { generation, hash });
          return json({ generation, hash });
        }
        const { errors } = result;
        throw new ProblemError(422, "The configuration has errors; the old one stays in force.", { errors });
      },
    }),
  ],
};

import { ProblemError } from "../problem.ts";
import { json, route, type Resource } from "../resource.ts";

/** `POST /admin/v1/reload` */
export const reload: Resource = {
  routes: [
    route({
      method: "POST",
      path: "/admin/v1/reload",
      summary: "loads the configuration again; 422 with the errors when it is rejected",
      async respond({ node, by }) {
        const result = await node.reload({ from: "api", by });
        if (result.ok) return json({ generation: result.generation });
        const { errors } = result;
        throw new ProblemError(422, "The configuration has errors; the old one stays in force.", { errors });
      },
    }),
  ],
};

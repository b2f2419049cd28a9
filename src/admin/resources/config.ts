import { json, route, type Resource } from "../resource.ts";

/** `GET /admin/v1/config`: the configuration in force. */
export const config: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/config",
      summary: "the configuration in force; it names secrets and holds none",
      respond: ({ node }) => json(node.config()),
    }),
  ],
};

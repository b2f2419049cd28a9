import { plainText, route, text, type Resource } from "../resource.ts";

/** The paths that orchestrators ask: under any host name, and without the token. */
export const probePaths: readonly string[] = ["/healthz", "/readyz"];

/** `GET /healthz` and `GET /readyz` */
export const probes: Resource = {
  routes: [
    route({
      method: "GET",
      path: "/healthz",
      summary: "liveness: 200 while the process runs",
      responds: { type: plainText, says: "It runs" },
      respond: () => text("ok\n"),
    }),
    route({
      method: "GET",
      path: "/readyz",
      summary: "readiness: 200 while the node takes traffic, else 503",
      responds: [
        { type: plainText, says: "It takes traffic" },
        { status: 503, type: plainText, says: "It does not" },
      ],
      respond: ({ node }) => (node.isReady() ? text("ready\n") : text("not ready\n", 503)),
    }),
  ],
};

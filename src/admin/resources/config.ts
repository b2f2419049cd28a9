import { z } from "zod";
import { sends } from "../described.ts";
import { versionOf, type ConfigFinding } from "../given-configuration.ts";
import { ProblemError } from "../problem.ts";
import { json, route, type Resource } from "../resource.ts";
import { describes } from "../shapes/describes.ts";

const path = "/admin/v1/config";
/** Its place beside the OpenAPI document, on a node and in `schema/`. */
const schemaName = "stuntdouble.schema.json";
const maxBytes = 1024 * 1024;
const body = { isText: true, types: ["application/yaml", "application/json"], maxBytes } as const;

const finding = describes<ConfigFinding>()(
  z.object({
    file: z.string().describe("`<body>` for what was sent, else the file that it names"),
    line: z.int(),
    column: z.int(),
    path: z.string().describe("Such as `rules[0].match.model`"),
    severity: z.enum(["error", "warning"]),
    code: z.string(),
    message: z.string(),
    allowed: z.array(z.string()).optional(),
    nearest: z.string().optional(),
  }),
);

/** @throws ProblemError 400 where nothing was sent */
function sentIn(body: unknown): string {
  if (typeof body === "string") return body;
  throw new ProblemError(400, "The request has no body; send a configuration as YAML or JSON.");
}

/** `/admin/v1/config`: the configuration in force, and one that is sent. */
export const config: Resource = {
  routes: [
    route({
      method: "GET",
      path,
      summary: "the configuration in force; it names secrets and holds none",
      responds: { schemaAt: schemaName, says: "the configuration in force, with all defaults" },
      isVersioned: true,
      respond: ({ node }) => json(node.config(), 200, versionOf(node.status())),
    }),
    route({
      method: "GET",
      path: `/admin/v1/${schemaName}`,
      summary: "the JSON Schema of configurations, for editors",
      responds: { type: "application/schema+json", schema: z.looseObject({ $schema: z.string() }) },
      respond: ({ node }) => ({ status: 200, type: "application/schema+json", text: node.configuration.schema() }),
    }),
    route({
      method: "POST",
      path: `${path}/check`,
      summary: "finds all that is wrong with a configuration, sent as YAML or JSON; nothing is changed",
      body,
      responds: sends(z.object({ valid: z.boolean(), findings: z.array(finding) })),
      refuses: [403],
      async respond({ node, body: text }) {
        const findings = await node.given.check(sentIn(text));
        return json({ valid: findings.every(({ severity }) => severity !== "error"), findings });
      },
    }),
    route({
      method: "POST",
      path: `${path}/apply`,
      summary:
        "puts a configuration in force, on a node that was started without one; 422 with the errors when it is rejected",
      body,
      responds: sends(
        z.object({
          generation: z.int(),
          hash: z.string().optional(),
          restart: z.array(z.string()).describe("Paths whose changes take effect after a restart only"),
          findings: z.array(finding).describe("Warnings"),
        }),
      ),
      refuses: [403, 409, 422],
      isVersioned: true,
      async respond({ node, body: text, by, from, audit, requireVersion }) {
        const applied = await node.given.apply(sentIn(text), { by, from }, requireVersion);
        const { findings } = applied;
        if (!applied.ok)
          throw new ProblemError(422, "The configuration has errors; the old one stays in force.", {
            errors: findings,
          });
        const { generation, hash, restart } = applied;
        audit("configuration applied", { generation, hash });
        return json({ generation, hash, restart, findings }, 200, versionOf({ generation, hash }));
      },
    }),
  ],
};

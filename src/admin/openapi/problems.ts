import { STATUS_CODES } from "node:http";
import { problemMedia, problemTypes } from "../problem.ts";
import type { JsonSchema } from "./schemas.ts";

const ofAll: readonly number[] = [400, 401, 403, 500];

/** Every error, as RFC 9457 has it. */
export const problemSchema: JsonSchema = {
  type: "object",
  properties: {
    type: {
      type: "string",
      format: "uri",
      description: "Stable, for programs",
      examples: Object.keys(problemTypes).map((name) => `urn:stuntdouble:problem:${name}`),
    },
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string", description: "A sentence, for people" },
    code: { type: "string", description: "Of an error of the node" },
    errors: {
      type: "array",
      description: "Everything that is wrong with what was sent",
      items: { anyOf: [{ type: "string" }, { type: "object", required: ["path", "message"] }] },
    },
  },
  required: ["type", "title", "status", "detail"],
};

const response = (status: number): object => ({
  description: STATUS_CODES[status] ?? "Error",
  content: { [problemMedia]: { schema: { $ref: "#/components/schemas/Problem" } } },
});

/** The problems of a route, by status. @param more besides those that every route can have */
export function problemResponses(more: readonly number[]): Readonly<Record<string, object>> {
  const statuses = [...new Set([...ofAll, ...more])].sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [String(status), response(status)]));
}

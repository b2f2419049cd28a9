import { ProblemError } from "./problem.ts";
import type { Parameters } from "./parameters.ts";

/**
 * The query parameters of a request, checked.
 *
 * @param query what fastify read: a string, or a list of strings for a repeated parameter
 * @throws ProblemError 400 that names what is allowed
 */
export function readQuery<Name extends string>(
  query: unknown,
  parameters: Parameters<Name>,
): Readonly<Partial<Record<Name, string>>> {
  const values: { [name in Name]?: string } = {};
  for (const [name, value] of Object.entries(query ?? {})) {
    if (!isNameOf(parameters, name)) throw invalid(unknownParameter(name, Object.keys(parameters)));
    if (typeof value !== "string") throw invalid(`The parameter ${name} can be given once only.`);
    const { accepts, allowed } = parameters[name];
    if (!accepts(value)) throw invalid(`${name} must be ${allowed}.`);
    values[name] = value;
  }
  return values;
}

function invalid(message: string): ProblemError {
  return new ProblemError(400, message, { problem: "invalid-parameter" });
}

function isNameOf<Name extends string>(parameters: Parameters<Name>, name: string): name is Name {
  return Object.hasOwn(parameters, name);
}

function unknownParameter(name: string, allowed: readonly string[]): string {
  const rest = allowed.length === 0 ? "This route takes none." : `Allowed are ${allowed.join(", ")}.`;
  return `There is no query parameter ${JSON.stringify(name)}. ${rest}`;
}

import { ProblemError } from "./problem.ts";

/** What each query parameter of a route may be; the function says whether a value is. */
export type Parameters<Name extends string> = Readonly<
  Record<Name, { readonly allowed: string; readonly accepts: (value: string) => boolean }>
>;

/** The parameters of `GET /admin/v1/requests`. */
export const requestParameters = {
  limit: {
    allowed: "a whole number from 1 to 1000",
    accepts: (value) => /^[1-9]\d{0,3}$/.test(value) && Number(value) <= 1000,
  },
  mode: {
    allowed: "real, simulated or own",
    accepts: (value) => ["real", "simulated", "own"].includes(value),
  },
  rule: { allowed: "the name of a rule", accepts: (value) => value !== "" },
  fault: { allowed: "a kind of fault", accepts: (value) => value !== "" },
  model: { allowed: "the name of a model", accepts: (value) => value !== "" },
} as const satisfies Parameters<string>;

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
  const values: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(query as Record<string, string | string[]>)) {
    if (!isNameOf(parameters, name)) throw new ProblemError(400, unknownParameter(name, Object.keys(parameters)));
    if (typeof value !== "string") throw new ProblemError(400, `The parameter ${name} can be given once only.`);
    const { accepts, allowed } = parameters[name];
    if (!accepts(value)) throw new ProblemError(400, `${name} must be ${allowed}.`);
    values[name] = value;
  }
  return values as Partial<Record<Name, string>>;
}

function isNameOf<Name extends string>(parameters: Parameters<Name>, name: string): name is Name {
  return Object.hasOwn(parameters, name);
}

function unknownParameter(name: string, allowed: readonly string[]): string {
  const rest = allowed.length === 0 ? "This route takes none." : `Allowed are ${allowed.join(", ")}.`;
  return `There is no query parameter ${JSON.stringify(name)}. ${rest}`;
}

import { z } from "zod";
import type { Costs, Policy } from "../../core/capacity/types.ts";
import { isMapping, schemaFindings, type Finding, type Raw } from "../findings.ts";
import type { ConfigError } from "../places.ts";
import { readYaml } from "../yaml-text.ts";
import { costsSchema } from "./costs.ts";
import { checkPolicy } from "./policy-checks.ts";
import { policySchema } from "./policy.ts";

/** What a file holds, or all its errors. */
export type ReadResult<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

/**
 * Reads a policy in YAML or JSON, with all its errors at once.
 *
 * @param standard text of the policy of which it changes a part
 */
export function readPolicy(text: string, standard: string): ReadResult<Policy> {
  return read(text, policySchema, { check: checkPolicy, below: readYaml(standard).raw });
}

/** Reads what calls cost a machine, with all errors at once. */
export function readCosts(text: string): ReadResult<Costs> {
  return read(text, costsSchema, { check: () => [], below: {} });
}

function read<Value>(
  text: string,
  schema: z.ZodType<Value>,
  { check, below }: { check(raw: unknown): readonly Finding[]; readonly below: unknown },
): ReadResult<Value> {
  const { raw: written, errors, isEmpty, located } = readYaml(text);
  if (isEmpty) return { ok: false, errors: located([emptyFile]) };
  if (written === undefined) return { ok: false, errors };
  const raw = merged(below, written);
  const parsed = schema.safeParse(raw, { reportInput: true });
  const checked = { raw, schema: () => z.toJSONSchema(schema, { io: "input" }) };
  const findings = [...(parsed.error === undefined ? [] : schemaFindings(parsed.error, checked)), ...check(raw)];
  const found = [...errors, ...located(findings)].sort((a, b) => a.line - b.line || a.column - b.column);
  return parsed.data === undefined || found.length > 0
    ? { ok: false, errors: found }
    : { ok: true, value: parsed.data };
}

/** Lists, and what has names of one's own, are replaced as a whole. */
const wholes = new Set(["regions", "traffic"]);

function merged(below: unknown, above: unknown): unknown {
  if (!isMapping(below) || !isMapping(above)) return above;
  const both: Raw = Object.fromEntries(
    Object.entries(above).map(([key, value]) => [key, wholes.has(key) ? value : merged(below[key], value)]),
  );
  return { ...below, ...both };
}

const emptyFile: Finding = { path: [], code: "empty", message: "the file is empty" };

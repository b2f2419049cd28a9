import { compileGlob } from "../core/glob.ts";
import { choice, isMapping, type Finding } from "./findings.ts";

/**
 * Finds what cannot be without API keys: keys that identify, and rules that ask for a key that nobody can have.
 *
 * @param file the configuration as it stands in its file
 */
export function keyFindings(file: Readonly<Record<string, unknown>>): Finding[] {
  const auth = isMapping(file["auth"]) ? file["auth"] : {};
  const keys: readonly unknown[] = Array.isArray(auth["keys"]) ? auth["keys"] : [];
  const rules: readonly unknown[] = Array.isArray(file["rules"]) ? file["rules"] : [];
  const names = keys.flatMap((key) => (isMapping(key) && typeof key["name"] === "string" ? [key["name"]] : []));
  const findings = rules.flatMap((rule, index) => matchFindings(rule, ["rules", index, "match", "key"], names));
  if (auth["mode"] === "identify" && keys.length === 0)
    findings.push({ path: ["auth", "mode"], code: "required", message: needsKeys });
  return findings;
}

const needsKeys = "needs a key in auth.keys";

function matchFindings(rule: unknown, path: Finding["path"], names: readonly string[]): Finding[] {
  const match = isMapping(rule) ? rule["match"] : undefined;
  const wanted = isMapping(match) ? match["key"] : undefined;
  if (typeof wanted !== "string") return [];
  if (names.length === 0) return [{ path, code: "required", message: needsKeys }];
  if (names.some(compileGlob(wanted))) return [];
  return [
    {
      path,
      at: "value",
      code: "unknown-name",
      message: `no key in auth.keys has such a name: "${wanted}"`,
      ...choice(wanted, names),
    },
  ];
}

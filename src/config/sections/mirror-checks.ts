import { listOf, mapOf, type Finding, type Path, type Raw } from "../findings.ts";

/** Max number of rules that may copy calls to an upstream; their limits stand in memory of that size. */
export const maxMirrors = 64;

/** Checks what a mirror needs of the upstreams: that both sides speak one dialect, as far as that can be told. */
export function checkMirrors(file: Raw): Finding[] {
  const upstreams = mapOf(file["upstreams"]);
  const names = Object.keys(upstreams);
  const rules = listOf(file["rules"]).map((rule, index): Placed => ({ path: ["rules", index], action: mapOf(rule) }));
  const placed = [...rules, { path: ["default"], action: mapOf(file["default"]) }].filter(
    ({ action }) => typeof mapOf(action["mirror"])["upstream"] === "string",
  );
  const tooMany = placed.slice(maxMirrors).map(({ path }): Finding => {
    return { path: [...path, "mirror"], code: "conflict", message: `only ${maxMirrors} rules can copy calls` };
  });
  return [...tooMany, ...placed.flatMap((each) => otherDialect(each, upstreams, names))];
}

type Placed = { readonly path: Path; readonly action: Raw };

function otherDialect({ path, action }: Placed, upstreams: Raw, [first]: readonly string[]): Finding[] {
  const { serve, upstream = first, mirror } = action;
  const to = mapOf(mirror)["upstream"];
  if (serve !== "forward" || typeof upstream !== "string" || typeof to !== "string") return [];
  if (upstreams[upstream] === undefined || upstreams[to] === undefined) return [];
  const [one, other] = [dialectOf(upstreams[upstream]), dialectOf(upstreams[to])];
  if (one === other) return [];
  const message = `"${to}" speaks ${other} and "${upstream}" ${one}; a copy needs the same dialect on both sides`;
  return [{ path: [...path, "mirror", "upstream"], at: "value", code: "conflict", message }];
}

function dialectOf(upstream: unknown): string {
  const { dialect = "openai" } = mapOf(upstream);
  return String(dialect);
}

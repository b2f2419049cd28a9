import { compileMatch, matchSchema } from "../../core/match.ts";
import { placesIn } from "../../core/replies/template.ts";
import { choice, listOf, mapOf, type Finding, type Path, type Raw } from "../findings.ts";

/** What rules say of replies that does not fit together; what stands in files is checked when they are read. */
export function checkReplies(file: Raw): Finding[] {
  const rules = listOf(file["rules"]).map(mapOf);
  return [
    ...rules.flatMap((rule, index) => checkAction(rule, ["rules", index])),
    ...checkAction({ serve: "simulate", ...mapOf(file["default"]) }, ["default"]),
  ];
}

function checkAction(action: Raw, path: Path): Finding[] {
  const { serve, reply, replies, match } = action;
  const given = ["reply", "replies"].filter((key) => action[key] !== undefined);
  const findings = given.flatMap((key): Finding[] => {
    if (serve === "simulate") return [];
    return [
      { path: [...path, key], code: "conflict", message: "needs serve: simulate, because only the simulator says it" },
    ];
  });
  if (given.length > 1)
    findings.push({ path: [...path, "replies"], code: "conflict", message: "cannot be combined with reply" });
  const groups = groupNamesOf(match);
  findings.push(...unknownPlaces([...path, "reply"], placesIn(reply), groups));
  for (const [index, each] of listOf(replies).entries())
    findings.push(...unknownPlaces([...path, "replies", index], placesIn(each), groups));
  return findings;
}

/** The named groups of what a rule asks for; none where it is not valid. */
export function groupNamesOf(match: unknown): readonly string[] {
  const { data } = matchSchema.safeParse(mapOf(match));
  return data === undefined ? [] : compileMatch(data, "", false).flatMap(({ groups }) => groups?.names ?? []);
}

/** The finding that a reply wants filled in what no condition finds. */
export function unknownPlaces(path: Path, places: readonly string[], groups: readonly string[]): Finding[] {
  return places
    .filter((name) => !groups.includes(name))
    .map((name) => ({
      path,
      code: "unknown-name",
      message: `\${${name}} is no named group of this rule's conditions; $\${${name}} stands for that text`,
      ...choice(name, groups),
    }));
}

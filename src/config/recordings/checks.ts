import { listOf, mapOf, type Finding, type Path, type Raw } from "../findings.ts";

/** What rules say of recordings that does not fit together. */
export function checkRecordings(file: Raw): Finding[] {
  const upstreams = Object.keys(mapOf(file["upstreams"]));
  const rules = listOf(file["rules"]).map(mapOf);
  return [
    ...rules.flatMap((rule, index) => checkAction(rule, ["rules", index], upstreams)),
    ...checkAction({ serve: "simulate", ...mapOf(file["default"]) }, ["default"], upstreams),
  ];
}

function checkAction(action: Raw, path: Path, upstreams: readonly string[]): Finding[] {
  const { serve, replay, record, mirror, upstream } = action;
  const { onMiss } = mapOf(replay);
  const misses = serve === "replay" && onMiss === "forward";
  const problems: Problem[] = [
    [serve === "replay" && replay === undefined, ["replay"], "is required with serve: replay"],
    [serve !== "replay" && replay !== undefined, ["replay"], "needs serve: replay"],
    [record !== undefined && serve !== "forward" && !misses, ["record"], `needs ${forwarded}`],
    [serve === "replay" && mirror !== undefined && !misses, ["mirror"], `needs ${forwarded}`],
    [serve === "replay" && upstream !== undefined && !misses, ["upstream"], "needs onMiss: forward"],
    ...timingProblems(mapOf(replay)),
    [misses && upstreams.length === 0, ["replay", "onMiss"], "needs an upstream, but none is configured"],
    [misses && upstreams.length > 1 && upstream === undefined, ["upstream"], "is required with more than one upstream"],
  ];
  return problems.flatMap(([isThere, at, message]): Finding[] => {
    const code = message.startsWith("is required") ? "required" : "conflict";
    return isThere ? [{ path: [...path, ...at], code, message }] : [];
  });
}

type Problem = readonly [isThere: boolean, at: Path, message: string];

const forwarded = "a call that is forwarded, by serve: forward or onMiss: forward";

function timingProblems({ timing, speed }: Raw): Problem[] {
  return [
    [timing === "scaled" && speed === undefined, ["replay", "speed"], "is required with timing: scaled"],
    [timing !== "scaled" && speed !== undefined, ["replay", "speed"], "needs timing: scaled"],
  ];
}

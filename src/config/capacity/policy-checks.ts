import { listOf, mapOf, type Finding, type Path, type Raw } from "../findings.ts";

/** What is wrong with a policy though each value is right by itself; values of the wrong type are passed over. */
export function checkPolicy(raw: unknown): Finding[] {
  const policy = mapOf(raw);
  return [
    ...ordered(policy, ["nodes", "min"], ["nodes", "max"]),
    ...ordered(policy, ["provisioning", "minSeconds"], ["provisioning", "maxSeconds"]),
    ...ordered(policy, ["utilisation", "targetPercentage"], ["utilisation", "afterLossPercentage"]),
    ...apart(policy, "cpuPercentage"),
    ...apart(policy, "p99Ms"),
    ...periods(policy),
    ...checkInstance(policy),
    ...checkRegions(policy),
    ...checkZones(policy),
    ...checkTraffic(policy),
  ];
}

function conflict(path: Path, message: string): Finding {
  return { path, at: "value", code: "conflict", message };
}

function numberAt(raw: unknown, path: Path): number | undefined {
  const value = path.reduce<unknown>((found, step) => (typeof step === "string" ? mapOf(found)[step] : undefined), raw);
  return typeof value === "number" ? value : undefined;
}

function ordered(policy: Raw, low: Path, high: Path): Finding[] {
  const [from, to] = [numberAt(policy, low), numberAt(policy, high)];
  if (from === undefined || to === undefined || from <= to) return [];
  return [conflict(low, `must not be above ${String(high.at(-1))}, which is ${to}`)];
}

/** Nodes that were just added must not be removed at once. */
function apart(policy: Raw, metric: "cpuPercentage" | "p99Ms"): Finding[] {
  const path = ["scaling", "up", metric, "above"];
  const [up, down] = [numberAt(policy, path), numberAt(policy, ["scaling", "down", metric, "below"])];
  if (up === undefined || down === undefined || up > down) return [];
  return [conflict(path, `must be above scaling.down.${metric}.below, which is ${down}`)];
}

function periods(policy: Raw): Finding[] {
  const period = numberAt(policy, ["scaling", "evaluateSeconds"]);
  if (period === undefined) return [];
  return ["up", "down"].flatMap((way) =>
    ["cpuPercentage", "p99Ms"].flatMap((metric) => {
      const path = ["scaling", way, metric, "forSeconds"];
      const time = numberAt(policy, path);
      if (time === undefined || time % period === 0) return [];
      return [conflict(path, `must be a multiple of scaling.evaluateSeconds, which is ${period}`)];
    }),
  );
}

function checkInstance(policy: Raw): Finding[] {
  const instance = mapOf(policy["node"])["instance"];
  const names = Object.keys(mapOf(policy["instances"]));
  if (typeof instance !== "string" || names.includes(instance)) return [];
  const message = `there is no instance "${instance}"`;
  return [{ path: ["node", "instance"], at: "value", code: "unknown-name", message, allowed: names }];
}

/** Shares like 33.3 add up to a little more or less. */
const roundingPercentage = 0.1;

function checkRegions(policy: Raw): Finding[] {
  const shares = Object.values(mapOf(policy["regions"])).filter((share) => typeof share === "number");
  if (policy["regions"] === undefined) return [];
  const sum = shares.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 100) <= roundingPercentage) return [];
  return [conflict(["regions"], `the shares must add up to 100 percent, not ${Number(sum.toFixed(3))}`)];
}

function checkZones(policy: Raw): Finding[] {
  const [zones, min] = [policy["zones"], numberAt(policy, ["nodes", "min"])];
  const regions = Object.keys(mapOf(policy["regions"])).length;
  const found: Finding[] = [];
  if (policy["reserve"] !== "none" && zones === 1)
    found.push(conflict(["reserve"], "a lost zone can only be made up for with two zones or more"));
  if (policy["reserve"] === "region" && regions === 1)
    found.push(conflict(["reserve"], "a lost region can only be made up for with two regions or more"));
  if (typeof zones === "number" && min !== undefined && min < zones)
    found.push(conflict(["nodes", "min"], `must be at least one for each of the ${zones} zones`));
  return found;
}

function checkTraffic(policy: Raw): Finding[] {
  const times = listOf(policy["traffic"]).map((point) => mapOf(point)["atMinutes"]);
  return times.flatMap((at, index) => {
    const path = ["traffic", index, "atMinutes"];
    const before = times[index - 1];
    if (index === 0) return at === 0 || typeof at !== "number" ? [] : [conflict(path, "the first point must be at 0")];
    if (typeof at !== "number" || typeof before !== "number" || at > before) return [];
    return [conflict(path, `must be later than the point before it, which is at ${before}`)];
  });
}

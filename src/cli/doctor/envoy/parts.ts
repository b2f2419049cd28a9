/** A part of Envoy's configuration as `/config_dump` shows it; what has its default is left out there. */
export type Part = Readonly<Record<string, unknown>>;

/** The member as an object; an empty one where it is none. */
export function partOf(value: unknown, ...names: readonly string[]): Part {
  const found = names.reduce<unknown>((at, name) => (isPart(at) ? at[name] : undefined), value);
  return isPart(found) ? found : {};
}

/** The member as a list; an empty one where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function isPart(value: unknown): value is Part {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The name in a part; "?" where it has none. */
export function nameOf(part: Part): string {
  return typeof part["name"] === "string" ? part["name"] : "?";
}

/** A duration such as `120s`, in milliseconds; undefined where there is none. */
export function durationMs(value: unknown): number | undefined {
  const [, seconds] = typeof value === "string" ? (/^([\d.]+)s$/.exec(value) ?? []) : [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}

/** Every object in a tree that a test accepts, wherever it stands. */
export function findAll(tree: unknown, accepts: (part: Part) => boolean): Part[] {
  if (Array.isArray(tree)) return tree.flatMap((each) => findAll(each, accepts));
  if (!isPart(tree)) return [];
  const own = accepts(tree) ? [tree] : [];
  return [...own, ...Object.values(tree).flatMap((each) => findAll(each, accepts))];
}

/** A value as it is written in a configuration. */
export function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

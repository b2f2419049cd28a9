import { isMapping } from "./findings.ts";
import type { Settings } from "./load.ts";

/** Max paths that are named; how many more there are is said by a number. */
const maxNamed = 20;

/** Which keys differ between two configurations. */
export type Changes = {
  /** As `rules[flaky].match.percentage`, never with a value. */
  readonly changed: readonly string[];
  /** How many more there are; absent where all are named. */
  readonly moreChanged?: number;
};

/**
 * What differs between two settings, by the paths of the keys.
 *
 * Elements of an array that have names are compared by name, so that a rule put in front changes no other.
 */
export function changesBetween(before: Settings, now: Settings): Changes {
  const paths = [
    ...differences(before.config, now.config, ""),
    ...differences(byName(before.profiles), byName(now.profiles), "profiles"),
    ...differences(before.certificates, now.certificates, "").map((path) => path.replace(/(\..*)?$/, ".tls")),
    ...differences(before.upstreamFiles, now.upstreamFiles, "upstreams").map(fileKey),
  ];
  const unique = [...new Set(paths)];
  const more = unique.length - maxNamed;
  return more > 0 ? { changed: unique.slice(0, maxNamed), moreChanged: more } : { changed: unique };
}

/** What a file of an upstream holds stands under the key that names the file. */
function fileKey(path: string): string {
  return path.replace(/\.apiKey$/, ".apiKeyFile").replace(/\.(ca|cert|key)$/, ".tls.$1File");
}

function differences(before: unknown, now: unknown, path: string): string[] {
  if (before === now) return [];
  const named = [namesOf(before), namesOf(now)];
  if (named[0] !== undefined && named[1] !== undefined) {
    const [old, next] = [Object.keys(named[0]), Object.keys(named[1])];
    const isMoved = old.length === next.length && old.some((name, index) => name !== next[index]);
    const inside = membersOf(named[0], named[1], (name) => `${path}[${name}]`);
    return isMoved && inside.length === 0 ? [path] : inside;
  }
  if (Array.isArray(before) && Array.isArray(now) && before.length === now.length)
    return before.flatMap((item, index) => differences(item, now[index], `${path}[${index}]`));
  if (isMapping(before) && isMapping(now))
    return membersOf(before, now, (key) => (path === "" ? key : `${path}.${key}`));
  return JSON.stringify(before) === JSON.stringify(now) ? [] : [path];
}

type Members = Readonly<Record<string, unknown>>;

function membersOf(before: Members, now: Members, pathOf: (key: string) => string): string[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...keys].flatMap((key) => differences(before[key], now[key], pathOf(key)));
}

/** The elements of an array by name; undefined where not all have one. */
function namesOf(value: unknown): Members | undefined {
  if (!Array.isArray(value)) return undefined;
  const entries = value.flatMap((item): [string, unknown][] =>
    isMapping(item) && typeof item["name"] === "string" ? [[item["name"], item]] : [],
  );
  return entries.length === value.length ? Object.fromEntries(entries) : undefined;
}

function byName(profiles: Settings["profiles"]): Members {
  return Object.fromEntries(profiles.map((profile) => [profile.name, profile]));
}

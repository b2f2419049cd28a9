/** What one check has found. */
export type Check = {
  /** What was looked at, such as `traffic port`. */
  readonly name: string;
  readonly result: "ok" | "warn" | "fail";
  /** What was found, in one sentence without a full stop. */
  readonly found: string;
  /** What to do about it; absent where it is good. */
  readonly next?: string;
};

export function ok(name: string, found: string): Check {
  return { name, result: "ok", found };
}

export function warn(name: string, found: string, next: string): Check {
  return { name, result: "warn", found, next };
}

export function fail(name: string, found: string, next: string): Check {
  return { name, result: "fail", found, next };
}

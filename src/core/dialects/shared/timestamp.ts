const msPerSecond = 1000;

/**
 * A time as RFC 3339 writes it, in UTC: `2025-02-24T20:37:51Z`.
 *
 * @param atMs milliseconds since 1970, ≥ 0; rounded up to whole seconds
 */
export function rfc3339(atMs: number): string {
  const seconds = Math.ceil(atMs / msPerSecond);
  return new Date(seconds * msPerSecond).toISOString().replace(".000Z", "Z");
}

/**
 * The same with microseconds: `2025-01-31T08:05:09.250000Z`.
 *
 * @param atMs milliseconds since 1970, fractions allowed, ≥ 0
 */
export function rfc3339Micros(atMs: number): string {
  const whole = Math.floor(atMs);
  const micros = Math.floor((atMs - whole) * 1000);
  return new Date(whole).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * When something begins, in milliseconds since 1970.
 *
 * @param text a time in ISO 8601, milliseconds since 1970, or how long ago, such as `15m`
 * @returns undefined for what is none of these
 */
export function sinceMs(text: string, nowMs: number): number | undefined {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (number !== undefined) return nowMs - Number(number) * (unitMs[unit] ?? 1);
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

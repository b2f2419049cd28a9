/** What lies between each time and the next, of so many at most. To the microsecond. */
export function gapsOf(atMs: readonly number[], max: number): number[] {
  const gaps: number[] = [];
  const end = Math.min(atMs.length, max + 1);
  let before = atMs[0] ?? 0;
  for (let index = 1; index < end; index += 1) {
    const now = atMs[index] ?? before;
    gaps.push(roundedMs(now - before));
    before = now;
  }
  return gaps;
}

/** A time in milliseconds, to the microsecond. */
export function roundedMs(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

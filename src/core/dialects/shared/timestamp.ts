const msPerSecond = 1000;
const secondsPerDay = 86_400;
const daysPerEra = 146_097;
/** Days from 0000-03-01 to 1970-01-01. */
const epochDay = 719_468;

/**
 * A time as RFC 3339 writes it, in UTC: `2025-02-24T20:37:51Z`.
 *
 * @param atMs milliseconds since 1970, ≥ 0; rounded up to whole seconds
 * @see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
 */
export function rfc3339(atMs: number): string {
  return `${ofSeconds(Math.ceil(atMs / msPerSecond))}Z`;
}

/**
 * The same with microseconds: `2025-01-31T08:05:09.250000Z`.
 *
 * @param atMs milliseconds since 1970, fractions allowed, ≥ 0
 */
export function rfc3339Micros(atMs: number): string {
  const seconds = Math.floor(atMs / msPerSecond);
  return `${ofSeconds(seconds)}.${padded(Math.floor((atMs - seconds * msPerSecond) * 1000), 6)}Z`;
}

function ofSeconds(seconds: number): string {
  const days = Math.floor(seconds / secondsPerDay);
  const ofDay = seconds - days * secondsPerDay;
  const time = [ofDay / 3600, (ofDay % 3600) / 60, ofDay % 60].map((part) => padded(Math.floor(part), 2));
  return `${dateOf(days)}T${time.join(":")}`;
}

/** Years begin in March here, so that the leap day is the last of its year. */
function dateOf(days: number): string {
  const shifted = days + epochDay;
  const era = Math.floor(shifted / daysPerEra);
  const dayOfEra = shifted - era * daysPerEra;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}`;
}

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

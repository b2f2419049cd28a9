const dayMs = 86_400_000;

/**
 * A moment as RFC 3339 writes it in UTC, with microseconds.
 *
 * @param ms milliseconds since 1970, fractions allowed, ≥ 0
 * @returns for example `2025-01-31T08:05:09.250000Z`
 * @see Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days
 */
export function toRfc3339(ms: number): string {
  const days = Math.floor(ms / dayMs);
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const march = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * march + 2) / 5) + 1;
  const month = march < 10 ? march + 3 : march - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${padded(year, 4)}-${padded(month, 2)}-${padded(day, 2)}T${timeOf(ms - days * dayMs)}Z`;
}

/** The time of a day. @param ms since midnight */
function timeOf(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const micros = Math.floor((ms - seconds * 1000) * 1000);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `${time.map((each) => padded(each, 2)).join(":")}.${padded(micros, 6)}`;
}

function padded(number: number, digits: number): string {
  return String(number).padStart(digits, "0");
}

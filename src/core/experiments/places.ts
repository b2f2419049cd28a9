/** Where a fault took effect. */
export type Place = {
  readonly kind: string;
  readonly stage: string;
  readonly rule: string;
  readonly model: string;
};

/** A call that began outside of all stages, and one that named no model. */
export const noStage = "none";
export const noModel = "none";

/** How many places are told apart; clients choose the names of models. */
export const maxPlaces = 100;

/** All places beyond those that are told apart. */
export const otherPlaces = "_other";

/** The longest name that is kept of what clients choose. */
const maxNameLength = 200;

/** A place as a key of counts. */
export function placeOf({ kind, stage, rule, model }: Place): string {
  return JSON.stringify([kind, stage, rule, model.slice(0, maxNameLength)]);
}

/** What `placeOf` wrote. */
export function readPlace(place: string): Place {
  if (place === otherPlaces) return { kind: otherPlaces, stage: otherPlaces, rule: otherPlaces, model: otherPlaces };
  const [kind = "", stage = "", rule = "", model = ""]: string[] = JSON.parse(place);
  return { kind, stage, rule, model };
}

/** Whether a text is one that `placeOf` has written, or stands for all other places. */
export function isPlace(text: string): boolean {
  if (text === otherPlaces) return true;
  try {
    const parts: unknown = JSON.parse(text);
    return Array.isArray(parts) && parts.length === 4 && parts.every((part) => typeof part === "string");
  } catch {
    return false;
  }
}

/** Places that were counted outside of all stages, as those of one stage. */
export function placesIn(stage: string, places: Readonly<Record<string, number>>): Record<string, number> {
  const placed = Object.entries(places).map(([place, times]) => {
    return [place === otherPlaces ? place : placeOf({ ...readPlace(place), stage }), times];
  });
  return Object.fromEntries(placed);
}

/** Adds to the count of a place, or of all others where there is no room. */
export function countPlace(counts: Record<string, number>, place: string, times: number): void {
  const key = counts[place] !== undefined || Object.keys(counts).length < maxPlaces ? place : otherPlaces;
  counts[key] = (counts[key] ?? 0) + times;
}

/** Adds to the counts of several places. */
export function addPlaces(counts: Record<string, number>, places: Readonly<Record<string, number>>): void {
  let room = maxPlaces - Object.keys(counts).length;
  for (const [place, times] of Object.entries(places)) {
    const isKnown = counts[place] !== undefined;
    const key = isKnown || room > 0 ? place : otherPlaces;
    if (!isKnown) room -= 1;
    counts[key] = (counts[key] ?? 0) + times;
  }
}

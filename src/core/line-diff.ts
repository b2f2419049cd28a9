/** One line of a comparison of two texts: in both, only in the later, or only in the earlier one. Numbers count from 1. */
export type DiffLine = {
  /** `omitted` stands, without text, for the lines of both from its number on that are left out. */
  readonly kind: "same" | "added" | "removed" | "omitted";
  readonly text: string;
  /** Its number in the later text; of a removed one, in the earlier text. */
  readonly line: number;
};

/** Lines that are compared one by one; beyond, all that lies between the same beginning and the same end counts as replaced. */
const maxCompared = 2000;

/** What has changed from one text to another, line by line, with all lines of both. */
export function lineDiff(before: string, after: string): DiffLine[] {
  const [old, now] = [before.split("\n"), after.split("\n")];
  const start = commonStart(old, now);
  const end = commonEnd(old, now, start);
  const [oldMiddle, newMiddle] = [old.slice(start, old.length - end), now.slice(start, now.length - end)];
  const changes = middleDiff(oldMiddle, newMiddle, start);
  const same = (text: string, index: number): DiffLine => ({ kind: "same", text, line: index + 1 });
  return [
    ...now.slice(0, start).map(same),
    ...changes,
    ...now.slice(now.length - end).map((text, index) => same(text, now.length - end + index)),
  ];
}

/** The lines that changed, with a few around them. */
export function aroundChanges(diff: readonly DiffLine[], around = 3): DiffLine[] {
  const shown = new Set<number>();
  for (const [index, { kind }] of diff.entries())
    if (kind !== "same") for (let at = index - around; at <= index + around; at += 1) shown.add(at);
  return diff.flatMap((line, index): DiffLine[] => {
    if (shown.has(index)) return [line];
    return index > 0 && shown.has(index - 1) && index < diff.length - 1
      ? [{ kind: "omitted", text: "", line: line.line }]
      : [];
  });
}

function commonStart(old: readonly string[], now: readonly string[]): number {
  let count = 0;
  while (count < old.length && count < now.length && old[count] === now[count]) count += 1;
  return count;
}

function commonEnd(old: readonly string[], now: readonly string[], start: number): number {
  const max = Math.min(old.length, now.length) - start;
  let count = 0;
  while (count < max && old.at(-1 - count) === now.at(-1 - count)) count += 1;
  return count;
}

function middleDiff(old: readonly string[], now: readonly string[], start: number): DiffLine[] {
  const removed = (index: number): DiffLine => ({ kind: "removed", text: old[index] ?? "", line: start + index + 1 });
  const added = (index: number): DiffLine => ({ kind: "added", text: now[index] ?? "", line: start + index + 1 });
  if (old.length > maxCompared || now.length > maxCompared)
    return [...old.map((_, index) => removed(index)), ...now.map((_, index) => added(index))];
  const common = commonLengths(old, now);
  const width = now.length + 1;
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      lines.push({ kind: "same", text: now[j] ?? "", line: start + j + 1 });
      [i, j] = [i + 1, j + 1];
    } else if (
      i < old.length &&
      (j === now.length || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    )
      lines.push(removed(i++));
    else lines.push(added(j++));
  }
  return lines;
}

/** Row by row: how many lines the rests of both texts have in common, in their order. */
function commonLengths(old: readonly string[], now: readonly string[]): Uint16Array {
  const width = now.length + 1;
  const common = new Uint16Array((old.length + 1) * width);
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1) {
      const at = i * width + j;
      common[at] =
        old[i] === now[j] ? (common[at + width + 1] ?? 0) + 1 : Math.max(common[at + width] ?? 0, common[at + 1] ?? 0);
    }
  return common;
}

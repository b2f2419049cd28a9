/** `records-TIME-PID-LOOP.ndjson`, perhaps compressed: names in their order are in the order of time. */
const name = /^records-\d{8}T\d{9}Z-\d+-\d+\.ndjson(?:\.gz)?(?:\.part)?$/;

/** What a file is called while it is not whole. */
export const partSuffix = ".part";
export const gzipSuffix = ".gz";

/** Where a file of records comes from. */
export type Writer = { readonly pid: number; readonly loop: number };

/** @param nowMs when it is begun, milliseconds since 1970 */
export function recordFileName(nowMs: number, { pid, loop }: Writer): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, "");
  return `records-${time}-${pid}-${loop}.ndjson`;
}

/** Whether a file of that name is one of records, also one that is not whole. */
export function isRecordFile(file: string): boolean {
  return name.test(file);
}

/**
 * The files of records that are whole, in the order of time.
 *
 * @param names of all that is in a folder
 */
export function wholeRecordFiles(names: readonly string[]): string[] {
  const all = new Set(names);
  return names.filter((each) => isRecordFile(each) && !each.endsWith(partSuffix) && !all.has(each + gzipSuffix)).sort();
}

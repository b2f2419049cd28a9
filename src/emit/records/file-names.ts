/** `records-TIME-PID-LOOP.ndjson`, perhaps compressed: names in their order are in the order of time. */
const name = /^records-\d{8}T\d{9}Z-\d+-\d+\.ndjson(?:\.gz)?$/;

/**
 * The files of records that are whole, in the order of time.
 *
 * @param names of all that is in a folder
 */
export function wholeRecordFiles(names: readonly string[]): string[] {
  const all = new Set(names);
  return names.filter((each) => name.test(each) && !all.has(`${each}.gz`)).sort();
}

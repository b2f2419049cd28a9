/** A part of a report as a table, the same in every format. */
export type ReportTable = {
  readonly title: string;
  /** What has to be known to read it. */
  readonly note?: string;
  readonly head: readonly string[];
  /** Numbers are aligned to the right. */
  readonly rows: readonly (readonly Cell[])[];
};

/** A cell; undefined is empty. */
export type Cell = string | number | undefined;

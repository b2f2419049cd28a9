/** A call that stands for all in its bucket: the latest. */
export type Exemplar = {
  /** Name of the histogram without its prefix, its labels in the order of the catalog, and the bound of the bucket as written. */
  readonly metric: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  readonly le: string;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly seconds: number;
  /** Wall time, milliseconds since 1970. */
  readonly atMs: number;
};

import type { Recording } from "../../core/recordings/types.ts";

/** What a file of another program holds, and what of it cannot be a recording. */
export type Imported = { readonly recordings: Recording[]; readonly problems: string[] };

/** How it is read. */
export type ImportOptions = {
  /** The body of the request is kept, with credentials masked. */
  readonly bodies: boolean;
  /** The model where a file names none. */
  readonly model: string;
  /** Wall clock, milliseconds since 1970, for what has no time. */
  readonly nowMs: number;
};

import type { z } from "zod";

/** What a route takes and sends, for the OpenAPI document. */
export type Described = {
  /** What it takes; absent for a route that takes nothing. */
  readonly body?: TakenBody;
  /** What it sends where all is well. */
  readonly responds?: Sent | readonly Sent[];
  /** The statuses of its problems, besides those that any route can have. */
  readonly refuses?: readonly number[];
  /** Whether there are versions of what it shows or changes: it has an ETag then, and takes If-None-Match or If-Match. */
  readonly isVersioned?: boolean;
};

/** A body that a route takes: JSON, or text that `respond` gets as it is. */
type TakenBody =
  | {
      /** What it is checked with by the route. */
      readonly schema: z.ZodType;
      readonly isText?: false;
    }
  | { readonly isText: true; readonly types: readonly string[]; readonly maxBytes: number };

/** One way in which a route responds. */
export type Sent = {
  /** Default: 200. */
  readonly status?: number;
  /** Default: `application/json`. */
  readonly type?: string;
  /** Of JSON, of each line of NDJSON, or of the data of each event; absent for other text. */
  readonly schema?: z.ZodType;
  /** Where its JSON Schema is instead, from the OpenAPI document. */
  readonly schemaAt?: string;
  /** Names of server-sent events, each with what it is. */
  readonly events?: Readonly<Record<string, string>>;
  /** Default: the summary of the route. */
  readonly says?: string;
};

/** A response in JSON. */
export function sends(schema: z.ZodType, status = 200): Sent {
  return { schema, status };
}

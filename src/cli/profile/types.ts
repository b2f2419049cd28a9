import type { Io } from "../args.ts";

/** One action of `stuntdouble profile`. Gives the exit code. */
export type Action = (args: readonly string[], io: Io) => Promise<number>;

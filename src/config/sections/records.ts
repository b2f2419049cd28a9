import { z } from "zod";

/** Smallest size that a limit on files may have. */
const minBytes = 1024 * 1024;

/** Records of calls: where they are kept, and how many. */
export const records = z
  .strictObject({
    dir: z
      .string()
      .min(1)
      .optional()
      .describe(
        "Folder for the files, relative to this file; it is made if it is not there. Each event loop writes a file of its own. Default: records are kept in memory only",
      ),
    maxBytes: z
      .int()
      .min(minBytes)
      .default(1024 * 1024 * 1024)
      .describe(
        "Max size of all files in the folder together, in bytes: the oldest are removed. The files that are being written share an eighth of it, and each is closed when its share is full",
      ),
    maxAgeMs: z
      .int()
      .min(1000)
      .default(3_600_000)
      .describe("Max age of a file that is being written, in milliseconds: the next record after it begins another"),
    compress: z.boolean().default(false).describe("Whether files are compressed by gzip once they are closed"),
    memory: z
      .int()
      .min(0)
      .max(1_000_000)
      .default(10_000)
      .describe("Max number of records in memory, the latest of the node, for the admin API"),
  })
  .optional()
  .describe(
    "Records of calls, one line each and without any text, for `records export` and for comparison; default: none",
  );

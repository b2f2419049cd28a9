/** The content codings in which a request body can be read. */
export const contentCodings = ["gzip", "deflate", "br", "zstd"] as const;

/** One of them. */
export type ContentCoding = (typeof contentCodings)[number];

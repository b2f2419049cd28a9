import { z } from "zod";

/** A pattern in which `*` stands for any characters. */
export const glob = z.string().min(1);

/** The name of a header, in any spelling. */
export const headerName = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, "must be a header name");

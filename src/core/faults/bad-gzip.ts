import { z } from "zod";
import { headWith, withHead } from "./engine/head.ts";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({});

/** Says that a response is compressed, which it is not. */
export const badGzip: Fault<z.infer<typeof options>> = {
  kind: "bad-gzip",
  summary: "Sends the response with content-encoding: gzip, although its body is no gzip.",
  options,
  bend: (_options, next, context) => withHead(next, context, (head) => headWith(head, "content-encoding", "gzip")),
};

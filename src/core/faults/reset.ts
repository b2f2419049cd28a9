import type { z } from "zod";
import { endAtPoint, pointed } from "./engine/point.ts";
import type { Fault } from "./engine/types.ts";

const options = pointed({});

/** Resets the connection: TCP RST, or RST_STREAM on HTTP/2; without a point, before the head. */
export const reset: Fault<z.infer<typeof options>> = {
  kind: "reset",
  summary: "Resets the connection (TCP RST, or RST_STREAM on HTTP/2).",
  options,
  ownConnection: "cut",
  bend: endAtPoint("reset"),
};

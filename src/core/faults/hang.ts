import type { z } from "zod";
import { endAtPoint, pointed } from "./engine/point.ts";
import type { Fault } from "./engine/types.ts";

const options = pointed({});

/** Falls silent on an open connection until the client leaves; without a point, before the head. */
export const hang: Fault<z.infer<typeof options>> = {
  kind: "hang",
  summary: "Falls silent on an open connection until the client leaves.",
  options,
  bend: endAtPoint("stall"),
};

import type { z } from "zod";
import { endAtPoint, pointed } from "./engine/point.ts";
import type { Fault } from "./engine/types.ts";

const options = pointed({});

/** Closes the connection in the middle of the answer; without a point, before the head. */
export const cut: Fault<z.infer<typeof options>> = {
  kind: "cut",
  summary: "Closes the connection in the middle of the response.",
  options,
  bend: endAtPoint("cut"),
};

import { z } from "zod";
import { endAtPoint, pointed } from "./engine/point.ts";
import type { Fault } from "./engine/types.ts";

const options = pointed({
  code: z
    .enum([
      "NO_ERROR",
      "PROTOCOL_ERROR",
      "INTERNAL_ERROR",
      "FLOW_CONTROL_ERROR",
      "REFUSED_STREAM",
      "CANCEL",
      "ENHANCE_YOUR_CALM",
      "HTTP_1_1_REQUIRED",
    ])
    .optional()
    .describe("on HTTP/2: the error code; CANCEL by default"),
  goaway: z.boolean().optional().describe("on HTTP/2: ends the connection too, by GOAWAY with the same code"),
});

type Options = z.infer<typeof options>;

const resetAtPoint = endAtPoint("reset");

/** Resets the connection: TCP RST, or RST_STREAM on HTTP/2; without a point, before the head. */
export const reset: Fault<Options> = {
  kind: "reset",
  summary: "Resets the connection (TCP RST, or RST_STREAM on HTTP/2).",
  options,
  bend({ code = "CANCEL", goaway = false, ...options }, next, context) {
    const fired = (): void => {
      context.resetBy?.({ code, goaway });
      context.fired();
    };
    return resetAtPoint(options, next, { ...context, fired });
  },
  ownConnection: "cut",
};

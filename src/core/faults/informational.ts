import { z } from "zod";
import { withHead } from "./engine/head.ts";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({
  status: z.literal([100, 102, 103]).optional().describe("their status: 100, 102 or 103 (default)"),
  count: z.number().int().min(1).max(10_000).optional().describe("how many there are; 100 by default"),
});

/** Sends a flood of informational responses (1xx) just before the head. */
export const informational: Fault<z.infer<typeof options>> = {
  kind: "informational",
  summary: "Sends many informational responses (1xx) before the head.",
  options,
  ownConnection: "refused",
  bend: ({ status = 103, count = 100 }, next, context) =>
    withHead(next, context, (head) => ({ ...head, informational: { status, count } })),
};

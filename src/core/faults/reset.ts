import { breakOff } from "./break-off.ts";

/** Resets the connection: a TCP RST, on HTTP/2 an RST_STREAM. */
export const reset = breakOff("reset", "Resets the connection at a point, or before the answer", "reset");

import { breakOff } from "./break-off.ts";

/** Closes the connection in the middle of the answer. */
export const cut = breakOff("cut", "Closes the connection at a point, or before the answer, without ending the answer", "cut");

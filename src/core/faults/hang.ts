import { breakOff } from "./break-off.ts";

/** Falls silent on an open connection until the client gives up. */
export const hang = breakOff("hang", "Falls silent at a point, or before the answer, and keeps the connection open", "stall");

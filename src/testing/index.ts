/** Stuntdouble in tests of one's own: a node in the process of the tests. */
export { createFakeClock, type FakeClock } from "./clock.ts";
export { startStuntdouble } from "./start.ts";
export type {
  ConfigPart,
  FaultOptions,
  ReplyOptions,
  Scope,
  SeenCall,
  SeenRequest,
  Stuntdouble,
  StuntdoubleOptions,
} from "./types.ts";

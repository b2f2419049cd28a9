import { expect, test } from "vitest";
import { refuseLoop } from "../../../src/act/via.ts";

test("a request that names this node among those that forwarded it is refused", () => {
  for (const via of ["1.1 node-1", "1.0 fred, 2 node-1", "1.1 node-1 (a comment), 1.1 other"]) {
    expect(() => refuseLoop({ via }, "node-1")).toThrow(
      expect.objectContaining({ code: "LOOP_DETECTED", status: 508 }),
    );
  }
});

test("a request that others forwarded, or nobody, goes on", () => {
  for (const via of [undefined, "", "1.1 node-2, 2 fred"]) expect(() => refuseLoop({ via }, "node-1")).not.toThrow();
});

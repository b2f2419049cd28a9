import { expect, test } from "vitest";
import { StuntdoubleError, toStuntdoubleError } from "../../../src/core/errors.ts";
import { packError, unpackError } from "../../../src/node/channel.ts";

/** An error after its way from a worker to the main thread. */
const sent = (error: unknown): StuntdoubleError => unpackError(structuredClone(packError(error)));

test("an error keeps its code and all it says over the thread boundary", () => {
  const more = { status: 404, param: "id", detail: "no_such_thing", retryAfterSeconds: 3 };
  const error = sent(new StuntdoubleError("NOT_FOUND", "There is no such thing.", more));
  expect(error).toBeInstanceOf(StuntdoubleError);
  expect(error).toMatchObject({ code: "NOT_FOUND", message: "There is no such thing.", ...more });
});

test("what an error does not say, it does not say afterwards either", () => {
  const { status, param, detail, retryAfterSeconds, cause } = sent(new StuntdoubleError("CONFIG_INVALID", "No."));
  expect([status, param, detail, retryAfterSeconds, cause]).toEqual([500, undefined, undefined, undefined, undefined]);
});

test("any other error is internal, and its stack comes along as the cause", () => {
  const error = sent(new TypeError("x is not a function", { cause: () => 1 }));
  expect(error.code).toBe("INTERNAL");
  expect(error.message).toBe(toStuntdoubleError(undefined).message);
  expect(error.cause).toContain("TypeError: x is not a function\n    at ");
});

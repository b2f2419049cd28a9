import { RuleTester } from "oxlint/plugins-dev";
import { describe, test } from "vitest";
import { noCurrentDate } from "../../../lint/no-current-date.ts";

RuleTester.describe = describe;
RuleTester.it = test;

const errors = ["This reads the clock; take the time as a parameter."];

new RuleTester().run("no-current-date", noCurrentDate, {
  valid: [
    { name: "a time that is given may be a date", code: "new Date(nowMs)" },
    { name: "a date of parts is given too", code: "new Date(2026, 0, 1)" },
    { name: "a function of Date that reads no clock may be called", code: "Date.parse(text)" },
    { name: "something else may be made without arguments", code: "new Map()" },
    { name: "a date of another object is not the clock", code: "new clock.Date()" },
  ],
  invalid: [
    { name: "a date of now is refused", code: "new Date()", errors },
    { name: "a date of now without parentheses is refused", code: "const now = new Date;", errors },
    { name: "the text of now is refused", code: "Date()", errors },
    { name: "the text of now is refused, whatever is given", code: "Date(nowMs)", errors },
    { name: "each place is told", code: "f(new Date(), Date())", errors: [...errors, ...errors] },
  ],
});

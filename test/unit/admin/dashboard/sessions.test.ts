import { expect, test } from "vitest";
import { createSessions, sessionIn, sessionSeconds, setCookie } from "../../../../src/admin/dashboard/sessions.ts";

test("a session is good until its time is over", () => {
  let nowMs = 1000;
  const sessions = createSessions(() => nowMs);
  const session = sessions.issue("token");
  nowMs += sessionSeconds * 1000 - 1;
  expect(sessions.isGood(session, "token")).toBe(true);
  nowMs += 1;
  expect(sessions.isGood(session, "token")).toBe(false);
});

test("a session ends when the token changes, or one is set", () => {
  const sessions = createSessions(() => 0);
  expect(sessions.isGood(sessions.issue("one"), "other")).toBe(false);
  expect(sessions.isGood(sessions.issue(undefined), "one")).toBe(false);
});

test("a session of another process, or one that was changed, is not good", () => {
  const sessions = createSessions(() => 0);
  expect(sessions.isGood(createSessions(() => 0).issue("token"), "token")).toBe(false);
  const [until = "", nonce = "", signature = ""] = sessions.issue("token").split(".");
  expect(sessions.isGood(`${Number(until) + 1}.${nonce}.${signature}`, "token")).toBe(false);
  expect(sessions.isGood("", "token")).toBe(false);
});

test("each session has a CSRF token of its own", () => {
  const sessions = createSessions(() => 0);
  const [one, other] = [sessions.issue("token"), sessions.issue("token")];
  expect(sessions.csrfOf(one)).toBe(sessions.csrfOf(one));
  expect(sessions.csrfOf(one)).not.toBe(sessions.csrfOf(other));
});

test("the cookie is for this site and no script, and is found among others", () => {
  expect(setCookie("abc")).toBe(
    `stuntdouble_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=${sessionSeconds}`,
  );
  expect(setCookie()).toContain("Max-Age=0");
  expect(sessionIn("a=b; stuntdouble_session=abc; c=d")).toBe("abc");
  expect(sessionIn("my_stuntdouble_session=abc")).toBeUndefined();
});

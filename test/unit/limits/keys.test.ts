import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { createKeys, hashKey, presentedKey, shortHash } from "../../../src/limits/keys.ts";

const sha256 = (key: string): string => createHash("sha256").update(key).digest("hex");
const keys = createKeys([
  { name: "web", sha256: sha256("sk-web") },
  { name: "batch", sha256: sha256("sk-batch").toUpperCase() },
]);

test("a known key is found by its row, its name and a short hash", () => {
  const expected = { index: 1, name: "batch", hash16: sha256("sk-batch").slice(0, 16) };
  expect(keys.find({ authorization: "Bearer sk-batch" })).toEqual(expected);
});

test("a key may come in each of the headers that providers use", () => {
  for (const header of ["x-api-key", "api-key", "x-goog-api-key"])
    expect(keys.find({ [header]: "sk-web" })).toMatchObject({ name: "web" });
});

test("the word Bearer may be written in any case", () => {
  expect(keys.find({ authorization: "bearer  sk-web " })).toMatchObject({ name: "web" });
});

test("the bearer token counts before the other headers", () => {
  expect(keys.find({ authorization: "Bearer sk-web", "x-api-key": "sk-batch" })).toMatchObject({ name: "web" });
});

test("a key beside another kind of authorization is found", () => {
  expect(keys.find({ authorization: "Basic abc", "x-api-key": "sk-web" })).toMatchObject({ name: "web" });
});

test("a key in the query counts when no header has one", () => {
  expect(keys.find({}, "sk-web")).toMatchObject({ name: "web" });
  expect(keys.find({}, " ")).toBe("missing");
  expect(keys.find({ "x-goog-api-key": "sk-batch" }, "sk-web")).toMatchObject({ name: "batch" });
});

test("a request without a key is told from one with a wrong key", () => {
  for (const headers of [{}, { authorization: "Bearer" }, { authorization: "Bearer  " }, { "x-api-key": " " }]) {
    expect(keys.find(headers)).toBe("missing");
  }
  for (const key of ["sk-we", "sk-webb", "SK-WEB", sha256("sk-web"), "__proto__"]) {
    expect(keys.find({ authorization: `Bearer ${key}` })).toBe("wrong");
  }
});

test("a hash is the SHA-256 of the key, the short one its first 16 digits", () => {
  expect(hashKey("sk-web")).toBe(sha256("sk-web"));
  expect(shortHash("sk-web")).toBe(sha256("sk-web").slice(0, 16));
});

test("a presented key can be read when no key is needed", () => {
  expect(presentedKey({ authorization: "Bearer anything" })).toBe("anything");
  expect(presentedKey({})).toBeUndefined();
});

test("a digest that is none is refused without being repeated", () => {
  const createWrong = () => createKeys([{ name: "web", sha256: "sk-written-by-error" }]);
  expect(createWrong).toThrow("The API key web needs a SHA-256 of 64 hex digits.");
});

test("two names for one key are refused", () => {
  const entry = { sha256: sha256("same") };
  const createTwice = () =>
    createKeys([
      { name: "a", ...entry },
      { name: "b", ...entry },
    ]);
  expect(createTwice).toThrow("The API keys a and b are the same key.");
});

test("a very long key takes no exception", () => {
  expect(keys.find({ "api-key": "k".repeat(100_000) })).toBe("wrong");
});

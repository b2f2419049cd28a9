import { describe, expect, test } from "vitest";
import { javascriptOf, reachedFrom, withJsNames } from "../../../supply-chain/pack/javascript.ts";

const modules = new Set(["a.ts", "b/c.ts", "b/d.ts", "b/e.worker.ts"]);

describe("a module of the package", () => {
  test("has no types, and each token at its line and column", () => {
    const text = "type A = string;\nconst a: A = 'x', b = a as A;\n";
    const made = javascriptOf(text, "a.ts", modules);
    expect(made).not.toMatch(/: A|as A|type/);
    expect(made.split("\n")[1]!.indexOf("b =")).toBe(text.split("\n")[1]!.indexOf("b ="));
  });

  test.each([
    ['import { a } from "../a.ts";', 'import { a } from "../a.js";'],
    ['await import("./d.ts");', 'await import("./d.js");'],
    [
      'new Worker(new URL("./e.worker.ts", import.meta.url));',
      'new Worker(new URL("./e.worker.js", import.meta.url));',
    ],
    ['const entry = "b/c.ts";', 'const entry = "b/c.js";'],
    ['throw new Error("c.ts is no worker");', 'throw new Error("c.ts is no worker");'],
  ])("has %s as %s", (written, packed) => {
    expect(javascriptOf(written, "b/c.ts", modules)).toBe(packed);
  });

  test("may name no module that is not there", () => {
    expect(() => withJsNames('import "./gone.ts";', "b/c.ts", modules)).toThrow("b/c.ts names ./gone.ts");
  });
});

test("of declarations, those come along that others import, and what they import", () => {
  const texts: Record<string, string> = {
    "a.ts": 'export type { C } from "./b/c.ts";',
    "b/c.ts": 'import type { D } from "./d.ts";\nimport type { A } from "../a.ts";',
    "b/d.ts": "export type D = 1;",
    "b/e.worker.ts": "export {};",
  };
  expect([...reachedFrom(["a.ts"], (name) => texts[name]!)].sort()).toEqual(["a.ts", "b/c.ts", "b/d.ts"]);
});

import { describe, expect, test } from "vitest";
import { StuntdoubleError } from "../../../../../src/core/errors.ts";
import {
  check,
  fieldsOf,
  pathOf,
  read,
  required,
  type Refused,
  type Wording,
} from "../../../../../src/core/dialects/shared/fields.ts";
import { refusal } from "../support.ts";

function say(problem: string) {
  return ({ param }: Refused): never => {
    throw new StuntdoubleError("BODY_INVALID", `${param}: ${problem}`, { param });
  };
}

const wording: Wording = {
  integerOf: (value) => (typeof value === "number" && Number.isInteger(value) ? value : undefined),
  elementPath: (path, index) => `${path}[${index}]`,
  missing: say("missing"),
  type: say("wrong type"),
  unknown: say("not allowed"),
  tooSmall: say("too small"),
  tooLarge: say("too large"),
  pattern: say("wrong pattern"),
};
const field = fieldsOf(wording);
const camel = fieldsOf({
  ...wording,
  alias: (name) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
});

function messageOf(run: () => unknown): string {
  return refusal(run).message;
}

describe("a field that may be absent", () => {
  test.each([{}, { n: null }])("reads as undefined from %j", (body) => {
    expect(read(body, field.integer("n"))).toBeUndefined();
  });

  test("reads as its value", () => {
    expect(read({ n: 5 }, field.integer("n", { min: 1, max: 9 }))).toBe(5);
  });

  test("keeps a false value", () => {
    expect(read({ n: 0, b: false, s: "" }, field.integer("n"))).toBe(0);
    expect(read({ b: false }, field.boolean("b"))).toBe(false);
    expect(read({ s: "" }, field.string("s"))).toBe("");
  });
});

describe("a field that must be there", () => {
  const name = required(field.string("name"));

  test("is missing when it is absent", () => {
    expect(messageOf(() => read({}, name, "tool"))).toBe("tool.name: missing");
  });

  test("is of a wrong type when it is null", () => {
    expect(messageOf(() => read({ name: null }, name))).toBe("name: wrong type");
  });

  test("is missing when it is null and the table says so", () => {
    const type = required(field.word("type", ["a"], { nullIsMissing: true }));
    expect(messageOf(() => read({ type: null }, type))).toBe("type: missing");
  });
});

describe("a value is refused", () => {
  test.each([
    [field.string("f"), 5, "f: wrong type"],
    [field.string("f", { min: 1 }), "", "f: too small"],
    [field.string("f", { max: 2 }), "abc", "f: too large"],
    [field.string("f", { max: 5, pattern: /^a/ }), "b", "f: wrong pattern"],
    [field.word("f", ["a", "b"]), "c", "f: not allowed"],
    [field.word("f", ["a", "b"]), 5, "f: wrong type"],
    [field.boolean("f"), "true", "f: wrong type"],
    [field.integer("f"), 1.5, "f: wrong type"],
    [field.integer("f", { min: 1, max: 3 }), 0, "f: too small"],
    [field.integer("f", { min: 1, max: 3 }), 4, "f: too large"],
    [field.number("f", { min: 0, max: 1 }), 1.5, "f: too large"],
    [field.number("f"), "1", "f: wrong type"],
    [field.object("f"), [], "f: wrong type"],
    [field.object("f", { fields: [required(field.string("id"))] }), {}, "f.id: missing"],
    [field.object("f", { each: field.string("value") }), { a: "x", b: null }, "f.b: wrong type"],
    [field.array("f"), {}, "f: wrong type"],
    [field.array("f", { min: 1 }), [], "f: too small"],
    [field.list("f", field.string("text"), { max: 1 }), ["a", "b"], "f: too large"],
    [field.list("f", field.string("text")), ["a", null], "f[1]: wrong type"],
    [field.mixed("f", () => undefined, { called: "a name" }), "x", "f: wrong type"],
  ])("%#: for the rule that it breaks", (row, value, message) => {
    expect(messageOf(() => check({ f: value }, [row]))).toBe(message);
  });

  test("as of a wrong type where a provider has no other words", () => {
    const plain = fieldsOf({ integerOf: wording.integerOf, elementPath: pathOf2, type: say("wrong") });
    expect(messageOf(() => read({}, required(plain.string("f"))))).toBe("f: wrong");
    expect(messageOf(() => read({ f: 9 }, plain.integer("f", { max: 3 })))).toBe("f: wrong");
  });
});

function pathOf2(path: string, index: number): string {
  return pathOf(path, String(index));
}

describe("a field with two names", () => {
  const row = camel.integer("topK", { min: 1 });

  test.each([{ topK: 5 }, { top_k: 5 }, { topK: null, top_k: 5 }])("is read from %j", (body) => {
    expect(read(body, row)).toBe(5);
  });

  test("is called by the second one in messages", () => {
    expect(messageOf(() => read({ topK: 0 }, row, "config"))).toBe("config.top_k: too small");
  });
});

test("a table is checked in its order", () => {
  const table = [field.string("second"), field.string("first")];
  expect(messageOf(() => check({ first: 1, second: 2 }, table))).toBe("second: wrong type");
});

test("a list reads as its elements", () => {
  expect(read({ stop: ["a", "b"] }, field.list("stop", field.string("text")))).toEqual(["a", "b"]);
});

import { describe, expect, test } from "vitest";
import { boundaryIn, createFieldFinder } from "../../../../../src/core/dialects/shared/multipart.ts";

const file = `--b\r\nContent-Disposition: form-data; name="file"; filename="model.wav"\r\nContent-Type: audio/wav\r\n\r\n\r\n--x\r\nname="model"\r\n\r\n`;
const field = `\r\n--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1`;
const end = "\r\n--b--\r\n";

function find(text: string, name = "model"): string | null | undefined {
  return createFieldFinder("b", name).find(Buffer.from(text));
}

describe("the boundary", () => {
  test.each([
    ["multipart/form-data; boundary=b", "b"],
    ['Multipart/Form-Data; charset=utf-8; Boundary="a b"', "a b"],
    ["multipart/form-data", undefined],
    ["multipart/mixed; boundary=b", undefined],
    ["application/json", undefined],
  ])("of %s is %s", (type, boundary) => {
    expect(boundaryIn(type)).toBe(boundary);
  });
});

describe("a field of a multipart body", () => {
  test("is found behind a file", () => {
    expect(find(file + field + end)).toBe("whisper-1");
  });

  test("is found before a file that has not come", () => {
    expect(find(`${field.slice(2)}\r\n--b\r\n`)).toBe("whisper-1");
  });

  test("may still come while its end has not", () => {
    expect(find(file + field)).toBeUndefined();
    expect(find(file)).toBeUndefined();
    expect(find("--")).toBeUndefined();
  });

  test("is not there at the end of the body", () => {
    expect(find(file + end)).toBeNull();
  });

  test("is never a file, whatever that is called", () => {
    const named = `--b\r\nContent-Disposition: form-data; name="model"; filename="a"\r\n\r\nx`;
    expect(find(named + end)).toBeNull();
  });

  test("may be empty", () => {
    expect(find(`--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n${end}`)).toBe("");
  });

  test("is not looked for in a value without end", () => {
    expect(find(field.slice(2) + "x".repeat(2000))).toBeNull();
  });

  test("is found wherever the body is cut into pieces", () => {
    const whole = Buffer.from(file + field + end);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const finder = createFieldFinder("b", "model");
      expect(finder.find(whole.subarray(0, cut)) ?? finder.find(whole)).toBe("whisper-1");
    }
  });
});

import { expect, test } from "vitest";
import { z } from "zod";
import { StuntdoubleError } from "../../../../src/core/errors.ts";
import { faults, faultSchema, parseFaultToken, prepareFault } from "../../../../src/core/faults/index.ts";

const kinds = faults.map(({ kind }) => kind);

function refusal(task: () => unknown): { code: string; message: string } {
  try {
    task();
  } catch (error) {
    if (!(error instanceof StuntdoubleError)) throw error;
    return { code: error.code, message: error.message };
  }
  throw new Error("nothing was refused");
}

test("every kind either responds by itself or bends a response", () => {
  for (const fault of faults)
    expect([fault.kind, fault.respond !== undefined, fault.bend !== undefined]).toContain(true);
});

test("an unknown kind is refused with the names of all kinds", () => {
  expect(refusal(() => prepareFault({ kind: "cutt" }))).toEqual({
    code: "CONFIG_INVALID",
    message: `There is no fault "cutt"; kinds are ${kinds.join(", ")}.`,
  });
});

test("an unknown option is refused with the names of all options", () => {
  const { code, message } = refusal(() => prepareFault({ kind: "cut", afterTokens: 1, aftr: 2 }));
  expect(code).toBe("CONFIG_INVALID");
  expect(message).toContain('unknown key "aftr"');
  expect(message).toContain("Allowed: where, afterTokens, afterEvents, afterBytes, afterMs.");
});

test("two points are refused by name", () => {
  const { message } = refusal(() => prepareFault({ kind: "delay", ms: 5, afterTokens: 1, afterMs: 2 }));
  expect(message).toContain("give one point only, not afterTokens and afterMs");
});

test.each([
  [{ kind: "cut", afterTokens: -1 }, "afterTokens"],
  [{ kind: "cut", afterBytes: 1.5 }, "afterBytes"],
  [{ kind: "hang", where: "middle" }, "where"],
  [{ kind: "delay" }, "ms"],
  [{ kind: "delay", ms: 0 }, "ms"],
  [{ kind: "status", status: 399 }, "status"],
  [{ kind: "status", status: 600 }, "status"],
  [{ kind: "status", status: 429, retryAfterSeconds: -1 }, "retryAfterSeconds"],
  [{ kind: "replace" }, "status"],
  [{ kind: "replace", status: 200 }, "status"],
  [{ kind: "drip", sliceBytes: 0 }, "sliceBytes"],
  [{ kind: "malformed", what: "nonsense" }, "what"],
])("%j is refused, naming %s", (config, option) => {
  expect(refusal(() => prepareFault(config)).message).toContain(`Fault ${config.kind}: ${option}: `);
});

test("a drip needs a speed or a slice size", () => {
  expect(refusal(() => prepareFault({ kind: "drip" })).message).toContain("give bytesPerSecond, sliceBytes or both");
});

test("every error of a fault is told at once", () => {
  const { message } = refusal(() => prepareFault({ kind: "status", status: 200, retryAfterSeconds: "soon" }));
  expect(message).toMatch(/status: .*; retryAfterSeconds: /);
});

test("the schema takes a fault as the configuration writes it", () => {
  expect(faultSchema.parse({ kind: "cut", afterTokens: 12 })).toEqual({ kind: "cut", afterTokens: 12 });
});

test.each([{ kind: "cutt" }, { kind: "cut", ms: 5 }, { kind: "cut", afterMs: 1, where: "body" }, { ms: 5 }])(
  "the schema refuses %j",
  (config) => expect(faultSchema.safeParse(config).success).toBe(false),
);

test("the schema can be published, with a description of each kind and of each option", () => {
  const published = z.toJSONSchema(faultSchema) as {
    oneOf: { description: string; properties: Record<string, unknown> }[];
  };
  expect(published.oneOf.map(({ description }) => description)).toEqual(faults.map(({ summary }) => summary));
  for (const { properties } of published.oneOf) {
    const { kind, ...options } = properties;
    expect(kind).toHaveProperty("const");
    for (const option of Object.values(options)) expect(option).toHaveProperty("description");
  }
});

test.each([
  ["cut", { after: 12 }, { kind: "cut", afterTokens: 12 }],
  ["cut", { "after-ms": 800 }, { kind: "cut", afterMs: 800 }],
  ["cut", { afterms: 800 }, { kind: "cut", afterMs: 800 }],
  ["cut", { afterMs: 800 }, { kind: "cut", afterMs: 800 }],
  ["hang", { where: "body" }, { kind: "hang", where: "body" }],
  ["status", { status: 529 }, { kind: "status", status: 529 }],
  ["status", { status: 429, "retry-after-seconds": 3 }, { kind: "status", status: 429, retryAfterSeconds: 3 }],
  ["replace", { status: 502 }, { kind: "replace", status: 502 }],
  ["delay", { ms: 800 }, { kind: "delay", ms: 800 }],
  ["clean-end", {}, { kind: "clean-end" }],
])("in the control header %s with %j means %j", (kind, params, config) => {
  expect(parseFaultToken(kind, params)).toEqual(config);
});

test("an unknown parameter is refused with the names of all parameters", () => {
  const { code, message } = refusal(() => parseFaultToken("cut", { befor: 3 }));
  expect(code).toBe("BODY_INVALID");
  expect(message).toContain('unknown key "befor"');
  expect(message).toContain("Allowed: where, after-tokens, after-events, after-bytes, after-ms.");
});

test("a parameter given in two spellings is refused", () => {
  expect(refusal(() => parseFaultToken("cut", { after: 3, "after-tokens": 4 }))).toEqual({
    code: "BODY_INVALID",
    message: "Control header: fault cut: after-tokens is given twice.",
  });
});

test("a wrong value is refused under the name it has in the header", () => {
  const { code, message } = refusal(() => parseFaultToken("cut", { "after-ms": "soon" }));
  expect([code, message]).toEqual(["BODY_INVALID", expect.stringContaining("after-ms: ")]);
});

test("two points in the control header are refused by name", () => {
  const { message } = refusal(() => parseFaultToken("cut", { after: 3, "after-ms": 4 }));
  expect(message).toContain("give one point only, not afterTokens and afterMs");
});

test("an unknown kind in the control header is the caller's error", () => {
  expect(refusal(() => parseFaultToken("cutt", {})).code).toBe("BODY_INVALID");
});

test.each(["status", "replace"])("after is refused by %s, which has no point", (kind) => {
  expect(refusal(() => parseFaultToken(kind, { status: 500, after: 3 })).message).toContain('"after"');
});

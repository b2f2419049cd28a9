import { describe, expect, test } from "vitest";
import { stopAt } from "../../../../../src/core/dialects/shared/stop.ts";
import { partOf, scriptWith } from "../support.ts";

describe("stopAt", () => {
  const script = scriptWith([partOf("reasoning", "the end"), partOf("text", "go", " to", " the", " end", " now")]);

  test("cuts the text where the first stop begins, and keeps what came before", () => {
    const stopped = stopAt(script, ["now", "he end"]).script;
    expect(stopped.parts).toEqual([partOf("reasoning", "the end"), partOf("text", "go", " to", " t")]);
    expect(stopped.timing).toMatchObject({ ttftMs: 100, totalMs: 400 });
    expect(stopped.finish).toBe("stop");
  });

  test("may leave nothing of the text", () => {
    const stopped = stopAt(scriptWith([partOf("text", "go")], { finish: "length" }), ["go"]).script;
    expect(stopped).toMatchObject({ finish: "stop", parts: [], timing: { totalMs: 100 } });
  });

  test("names the stop at which it cut", () => {
    expect(stopAt(script, ["now", "he end"]).stop).toBe("he end");
    expect(stopAt(script, ["none"]).stop).toBeUndefined();
  });

  test.each([[[]], [["stop"]], [[""]]])("gives the script itself for the stops %j", (stops) => {
    expect(stopAt(script, stops).script).toBe(script);
  });
});

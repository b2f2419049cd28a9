import { describe, expect, test } from "vitest";
import { apis, pickAll, responseOf, shapes } from "./apis.ts";

const reply = { text: "One way to begin." };
const every = apis.flatMap((api) => shapes.map((shape) => ({ name: api.name, shape, api })));

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [];
}

describe.each(every)("in $name, $shape", ({ api, shape }) => {
  const response = responseOf(api, shape, { reply });

  test("no usage is told, and all else as before", () => {
    const { objects, fired } = response.bend({ kind: "usage", what: "missing" });
    expect(pickAll(objects(), api.usage)).toEqual([]);
    expect(pickAll(objects(), api.text)).toEqual(pickAll(response.objects(), api.text));
    expect(pickAll(objects(), api.finish)).toEqual(pickAll(response.objects(), api.finish));
    expect(fired).toEqual(["usage"]);
    expect(objects()).toHaveLength(response.objects().length);
  });

  test.each([
    ["zero", 0],
    ["absurd", 1_000_000_000_000],
  ])("each number of the usage is %s", (what, value) => {
    const { objects } = response.bend({ kind: "usage", what });
    const numbers = numbersIn(pickAll(objects(), api.usage));
    expect(numbers).toHaveLength(numbersIn(pickAll(response.objects(), api.usage)).length);
    expect(new Set(numbers)).toEqual(new Set([value]));
  });
});

test("a stream that tells no usage stays as it is, and nothing has fired", () => {
  const [chat] = apis;
  const response = responseOf(chat!, "streamed", { reply, more: { stream_options: { include_usage: false } } });
  expect(response.bend({ kind: "usage", what: "zero" })).toMatchObject({ text: response.text, fired: [] });
});

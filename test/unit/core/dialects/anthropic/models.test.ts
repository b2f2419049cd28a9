import { describe, expect, test } from "vitest";
import { modelAt, models } from "../../../../../src/core/dialects/anthropic/models.ts";
import { headers } from "./support.ts";
import { jsonOf, open, refusal, scriptOf } from "../support.ts";

type Page = { data: { id: string }[]; has_more: boolean; first_id: string | null; last_id: string | null };

function page(query = ""): Page {
  const opened = open(models, "", { headers, target: `/v1/models${query}` });
  return jsonOf(opened.ask().write(scriptOf([]))) as unknown as Page;
}

const ids = page().data.map(({ id }) => id);

test("a model has all members that the provider's have", () => {
  const opened = open(modelAt("/v1/models/claude-opus-9%201")[0]!, "", { headers });
  expect(opened.facts.model).toBe("claude-opus-9 1");
  expect(jsonOf(opened.ask().write(scriptOf([])))).toEqual({
    type: "model",
    id: "claude-opus-9 1",
    display_name: "claude-opus-9 1",
    created_at: "1970-01-01T00:00:00Z",
    lifecycle: "active",
    line: "opus",
    max_input_tokens: null,
    max_tokens: null,
    capabilities: null,
    deprecated_at: null,
    retires_at: null,
  });
});

describe("the list", () => {
  test("has all on one page, unless less is asked for", () => {
    expect(ids.length).toBeGreaterThan(5);
    expect(page()).toMatchObject({ has_more: false, first_id: ids[0], last_id: ids.at(-1) });
    expect(page("?limit=2")).toMatchObject({ has_more: true, first_id: ids[0], last_id: ids[1] });
  });

  test("goes on after a model, and back before one", () => {
    expect(page(`?limit=2&after_id=${ids[1]}`).data.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    expect(page(`?before_id=${ids[4]}&limit=2`)).toMatchObject({ has_more: true, first_id: ids[2], last_id: ids[3] });
    expect(page(`?after_id=${ids.at(-1)}`)).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
    expect(page(`?after_id=${ids[3]}&before_id=${ids[1]}`).data).toEqual([]);
  });

  test.each([
    ["?limit=0", "limit"],
    ["?limit=1001", "limit"],
    ["?limit=x", "limit"],
    ["?after_id=nobody", "after_id"],
    ["?limit=%ff", "path"],
  ])("refuses %s", (query, param) => {
    expect(refusal(() => page(query))).toMatchObject({ code: "BODY_INVALID", param });
  });

  test("is given to those only who name a version", () => {
    expect(refusal(() => open(models, "").ask()).message).toBe("anthropic-version: header is required");
  });
});

test.each(["/v1/models", "/v1/models/", "/v1/modelsx", "/v2/models/x"])("%s is the path of no model", (path) => {
  expect(modelAt(path)).toEqual([]);
});

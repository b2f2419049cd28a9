import { refuseField } from "./check.ts";
import { instantPlan } from "./plan.ts";
import { readVersion } from "./version.ts";
import { factsOfModel, textless } from "../shared/textless.ts";
import type { Opened, OpenRequest, Operation } from "../types.ts";

/**
 * The models that a stand-in lists, the newest first; it answers for any other name too.
 *
 * @see `Model` of the provider's own TypeScript client, but for Mythos, which few may use
 */
const listed = [
  "claude-fable-5-2",
  "claude-haiku-5-5",
  "claude-sonnet-5-5",
  "claude-opus-5-5",
  "claude-fable-5-1",
  "claude-opus-5",
  "claude-sonnet-5",
  "claude-fable-5",
  "claude-opus-4-8",
  "claude-opus-4-7",
  "claude-opus-4-6",
  "claude-sonnet-4-6",
  "claude-opus-4-5-20251101",
  "claude-haiku-4-5-20251001",
  "claude-sonnet-4-5-20250929",
];
const lines = ["haiku", "sonnet", "opus", "fable", "mythos"];
const route = "/v1/models";
const usualLimit = 20;
const maxLimit = 1000;

/** `GET /v1/models`. @see https://platform.claude.com/docs/en/api/models-list */
export const models: Operation = {
  name: "models",
  method: "GET",
  route,
  open: (opening) => respondWith(opening, undefined, () => page(queryOf(opening.target))),
};

/**
 * The operation of `GET /v1/models/{model}` for one model; any name is a model.
 *
 * @returns none for any other path
 */
export function modelAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`) || path.length === route.length + 1) return [];
  const name = path.slice(route.length + 1);
  const open = (opening: OpenRequest): Opened => {
    const id = decoded(name);
    return respondWith(opening, id, () => JSON.stringify(describe(id)));
  };
  return [{ name: "models", method: "GET", route: path, open }];
}

/** What is not known of a model is null, and its release 1970, as the provider does. */
function describe(id: string) {
  return {
    type: "model",
    id,
    display_name: id,
    created_at: "1970-01-01T00:00:00Z",
    lifecycle: "active",
    line: lines.find((line) => id.includes(line)) ?? null,
    max_input_tokens: null,
    max_tokens: null,
    capabilities: null,
    deprecated_at: null,
    retires_at: null,
  };
}

function page(query: ReadonlyMap<string, string>): string {
  const limit = limitOf(query.get("limit"));
  const after = query.get("after_id");
  const before = query.get("before_id");
  const from = after === undefined ? 0 : indexOf(after, "after_id") + 1;
  const to = before === undefined ? listed.length : indexOf(before, "before_id");
  const between = listed.slice(from, Math.max(from, to));
  const ids = before === undefined ? between.slice(0, limit) : between.slice(-limit);
  return JSON.stringify({
    data: ids.map(describe),
    has_more: ids.length < between.length,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
  });
}

function indexOf(id: string, name: string): number {
  const index = listed.indexOf(id);
  return index === -1 ? refuseField(name, "Input should be the id of a listed model") : index;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return usualLimit;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= maxLimit
    ? limit
    : refuseField("limit", `Input should be an integer from 1 to ${maxLimit}`);
}

function queryOf(target: string): ReadonlyMap<string, string> {
  const start = target.indexOf("?");
  const pairs = start === -1 ? [] : target.slice(start + 1).split("&");
  return new Map(
    pairs
      .map((pair) => pair.split("="))
      .map(([name = "", ...value]) => [decoded(name), decoded(value.join("=").replaceAll("+", " "))]),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuseField("path", "Input should be correctly percent-encoded");
  }
}

/** Such a response costs the provider nothing, so it comes at once. */
function respondWith({ headers }: OpenRequest, model: string | undefined, body: () => string): Opened {
  return {
    facts: factsOfModel(model),
    ask() {
      readVersion(headers);
      const json = body();
      return textless({
        model: model ?? "",
        promptTokens: 0,
        write: (script) => instantPlan(script, json),
      });
    },
  };
}

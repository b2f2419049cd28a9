import { StuntdoubleError } from "../../errors.ts";
import { jsonPlan } from "./text.ts";
import { withoutDelay, factsOfModel, textless } from "../shared/textless.ts";
import type { Opened, Operation } from "../types.ts";

/** The models that a stand-in lists; it answers for any other name too. */
const listed = [
  "gpt-4.1",
  "gpt-4.1-mini",
  "gpt-4.1-nano",
  "gpt-4o",
  "gpt-4o-mini",
  "gpt-5",
  "gpt-5-mini",
  "o3",
  "o4-mini",
  "text-embedding-3-large",
  "text-embedding-3-small",
];
const createdSeconds = 1_715_367_049;
const route = "/v1/models";

const list = JSON.stringify({ object: "list", data: listed.map(describe) });

/** `GET /v1/models`. @see https://platform.openai.com/docs/api-reference/models */
export const models: Operation = {
  name: "models",
  method: "GET",
  route,
  open: () => respondWith(undefined, list),
};

/**
 * The operation of `GET /v1/models/{model}` for one model; any name is a model, and it may contain slashes.
 *
 * @returns none for any other path
 */
export function modelAt(path: string): readonly Operation[] {
  if (!path.startsWith(`${route}/`) || path.length === route.length + 1) return [];
  const encoded = path.slice(route.length + 1);
  const operation: Operation = {
    name: "models",
    method: "GET",
    route: path,
    open() {
      const id = decoded(encoded);
      return respondWith(id, JSON.stringify(describe(id)));
    },
  };
  return [operation];
}

function describe(id: string) {
  return { id, object: "model", created: createdSeconds, owned_by: "stuntdouble" };
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch (cause) {
    throw new StuntdoubleError("BODY_INVALID", "The name of the model in the path is not correctly encoded.", {
      cause,
      param: "model",
    });
  }
}

/** Such a response costs the provider nothing, so it comes at once. */
function respondWith(model: string | undefined, body: string): Opened {
  return {
    facts: factsOfModel(model),
    ask: () =>
      textless({
        model: model ?? "",
        promptTokens: 0,
        write: (script) => jsonPlan(withoutDelay(script), 0, body),
      }),
  };
}

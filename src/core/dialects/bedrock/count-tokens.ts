import { hostedMembers } from "../anthropic/hosted.ts";
import { once } from "../shared/conversation.ts";
import { fromBase64 } from "../shared/base64.ts";
import { isObject, openJson, type JsonObject } from "../shared/json-body.ts";
import { textless, withoutDelay } from "../shared/textless.ts";
import type { Opened, OpenRequest, Operation } from "../types.ts";
import { refuse } from "./check.ts";
import { countInput } from "./count.ts";
import { openInvoked } from "./invoke.ts";
import { converseFacts } from "./operations.ts";
import { checkCountable } from "./request.ts";
import { jsonPlan } from "./response.ts";
import { modelIn } from "./target.ts";

const decoder = new TextDecoder();

/** `POST /model/{modelId}/count-tokens`: of a request to converse, or of the body of a model. */
export const countTokens: Operation = {
  name: "count-tokens",
  method: "POST",
  route: "/model/{modelId}/count-tokens",
  open(request) {
    const model = modelIn(request.target);
    const json = openJson(request.body, []);
    const invoked = once(() => openBody(json.whole(), model, request));
    const input = once(() => invoked()?.facts.promptTokens() ?? countInput(json, request.count, converseIn).tokens);
    const facts = converseFacts(json, converseIn, { model, stream: false, promptTokens: input });
    return {
      facts: { ...facts, conversation: undefined },
      ask(settings) {
        if (invoked() === undefined) checkCountable(converseOf(json.whole()), settings?.fidelity !== "lenient");
        const promptTokens = input();
        return textless({
          model,
          promptTokens,
          write: (script) => jsonPlan(withoutDelay(script), 0, `{"inputTokens":${promptTokens}}`),
        });
      },
    };
  },
};

function inputOf({ input }: JsonObject): JsonObject {
  return isObject(input) ? input : {};
}

function converseIn(body: JsonObject): JsonObject {
  const { converse } = inputOf(body);
  return isObject(converse) ? converse : {};
}

function converseOf(body: JsonObject): JsonObject {
  const { converse } = inputOf(body);
  return isObject(converse)
    ? converse
    : refuse("The input object must set one of the following keys: invokeModel, converse.");
}

/** What would be invoked; undefined where it is a request to converse. */
function openBody(whole: JsonObject, model: string, { count, headers }: OpenRequest): Opened | undefined {
  const { invokeModel } = inputOf(whole);
  if (!isObject(invokeModel)) return undefined;
  const bytes = typeof invokeModel["body"] === "string" ? fromBase64(invokeModel["body"]) : undefined;
  if (bytes === undefined) return refuse("The body of invokeModel must be base64.");
  const json = openJson({ bytes, text: () => decoder.decode(bytes) }, hostedMembers);
  return openInvoked(json, { model, stream: false, count, headers });
}

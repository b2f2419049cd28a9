import { countOf } from "../../../simulator/parts.ts";
import { readModel } from "../check.ts";
import { openJson, type JsonObject } from "../../shared/json-body.ts";
import type { Facts } from "../../../types.ts";
import { readItems } from "./input.ts";
import { shownItems } from "./items.ts";
import { readAhead, readPrevious, readRest, responseFacts } from "./request.ts";
import { longId, usageOf } from "./response.ts";
import { jsonPlan } from "../text.ts";
import type { Ask, KeptResponses, Operation } from "../../types.ts";

/**
 * `POST /v1/responses/compact`: the messages of the user, and an item that stands for all else.
 *
 * @see the OpenAI document, CompactResource
 */
export const compact: Operation = {
  name: "compact",
  method: "POST",
  route: "/v1/responses/compact",
  open(request) {
    const json = openJson(request.body, readAhead);
    const facts = { ...responseFacts(json, request), stream: false, conversation: undefined };
    return { facts, ask: () => askOf(json.whole(), facts, request.kept) };
  },
};

function askOf(body: JsonObject, facts: Facts, kept: KeptResponses | undefined): Ask {
  const model = readModel(body, facts.model);
  const items = readItems(body);
  readPrevious(body, kept);
  readRest(body);
  const promptTokens = facts.promptTokens();
  const messages = items.filter(({ role }) => role === "user");
  return {
    model,
    stream: false,
    promptTokens,
    maxTokens: undefined,
    seed: undefined,
    write(script) {
      const { id, createdSeconds, parts } = script;
      const item = `{"id":"${longId("cmp_", id)}","type":"compaction","encrypted_content":"${longId("gAAAAAB", id)}"}`;
      const output = [...shownItems(messages, id).map((each) => JSON.stringify(each)), item].join(",");
      const usage = usageOf({ promptTokens, parts });
      return jsonPlan(
        script,
        countOf(parts),
        `{"id":"${longId("resp_", id)}","object":"response.compaction","created_at":${createdSeconds},"output":[${output}],"usage":${usage}}`,
      );
    },
  };
}

import { firstOf, withFirst } from "../../frames.ts";
import type { Plan } from "../../types.ts";
import { uuidOf } from "../shared/uuid.ts";
import type { Relative } from "../relative.ts";

/** What the filter finds in a text that nothing is wrong with. @see https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter */
const safe = `"filtered":false,"severity":"safe"`;
const harms = `"self_harm":{${safe}},"sexual":{${safe}},"violence":{${safe}}`;
const promptResults =
  `"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{${safe}},` +
  `"jailbreak":{"filtered":false,"detected":false},${harms}}}]`;
/** Each choice begins with what was found in it; events without a token have nothing to look at. */
const choice = {
  said: `"content_filter_results":{"hate":{${safe}},${harms}},`,
  other: `"content_filter_results":{},`,
};
/** Comes before all of the response, and says nothing of it. */
const promptEvent = `data: {"choices":[],"created":0,"id":"","model":"","object":"",${promptResults}}\n\n`;

function headers(contentType: string, requestId: string): string[] {
  return ["content-type", contentType, ...azureHeaders(requestId)];
}

/** How a response of Azure differs from OpenAI's: by its headers. */
export const plain: Relative = { headers };

const offsets = `"content_filter_offsets":{"start_offset":0,"end_offset":0,"check_offset":0}`;
const found = (source: string, results: string): string =>
  `{"blocked":false,"source_type":"${source}","content_filter_raw":[],"content_filter_results":{${results}},${offsets}}`;
const jailbreak = `"jailbreak":{"detected":false,"filtered":false}`;
/** What the filter found in the input and in the output. @see Azure/azure-rest-api-specs#42141 */
const contentFilters = `[${found("prompt", `"hate":{${safe}},${jailbreak},${harms}`)},${found("completion", `"hate":{${safe}},${harms}`)}]`;

/** The same for objects of the Responses API. */
export const filteredResponse: Relative = {
  headers,
  response: { begun: `"content_filters":null,`, over: `"content_filters":${contentFilters},` },
};

/** The same where the content filter looks at the texts of choices. */
export const filtered: Relative = { choice, end: `,${promptResults}`, headers };

/** A stream with what the content filter found in the prompt. */
export function withPromptEvent(plan: Plan): Plan {
  const first = { atMs: firstOf(plan.frames)?.atMs ?? 0, data: promptEvent, tokens: 0, final: false };
  return { ...plan, frames: withFirst(first, plan.frames) };
}

/** The headers that are in every response of Azure. @param requestId empty when there is none */
export function azureHeaders(requestId: string): string[] {
  const headers = ["x-ms-region", "East US", "x-content-type-options", "nosniff"];
  if (requestId !== "") headers.push("x-request-id", requestId, "apim-request-id", uuidOf(requestId));
  return headers;
}

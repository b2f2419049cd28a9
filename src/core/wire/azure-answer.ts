import { hash32 } from "../rng.ts";
import type { Frame, Head, Plan } from "../types.ts";
import { isEventStream } from "./sse.ts";
import type { Ask, ChoiceStart, Script } from "./types.ts";

/** What the filter finds in a text that nothing is wrong with. @see https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter */
const safe = `"filtered":false,"severity":"safe"`;
const harms = `"self_harm":{${safe}},"sexual":{${safe}},"violence":{${safe}}`;
const promptResults =
  `"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{${safe}},` +
  `"jailbreak":{"filtered":false,"detected":false},${harms}}}]`;
/** Each choice begins with what was found in it; events without a token have nothing to look at. */
const choiceStart: ChoiceStart = {
  said: `"content_filter_results":{"hate":{${safe}},${harms}},`,
  other: `"content_filter_results":{},`,
};
/** Comes before all of the answer, and says nothing of it. */
const promptEvent = `data: {"choices":[],"created":0,"id":"","model":"","object":"",${promptResults}}\n\n`;

/**
 * An answer of the OpenAI API as Azure gives it: with the results of the content filter, and Azure's headers.
 *
 * @param write writes a chat or text completion, whole or streamed
 */
export function withFilterResults(write: Ask["write"], script: Script): Plan {
  const plan = withAzureHeaders(write({ ...script, choiceStart }));
  const stream = isEventStream(valueIn(plan.head!, "content-type") ?? "");
  return { ...plan, frames: stream ? [promptFrame(plan), ...plan.frames] : plan.frames.map(withPromptResults) };
}

function promptFrame({ frames }: Plan): Frame {
  return { atMs: frames[0]?.atMs ?? 0, data: promptEvent, tokens: 0, final: false };
}

/** The results come first in an answer, which is an object with members. */
function withPromptResults({ atMs, data, tokens, final }: Frame): Frame {
  return { atMs, data: `{${promptResults},${(data as string).slice(1)}`, tokens, final };
}

/** An answer with the headers of Azure in place of those of OpenAI. */
export function withAzureHeaders(plan: Plan): Plan {
  const head = plan.head!;
  const contentType = valueIn(head, "content-type") ?? "application/json";
  const requestId = valueIn(head, "x-request-id") ?? "";
  return { ...plan, head: { status: head.status, headers: ["content-type", contentType, ...azureHeaders(requestId)] } };
}

/** The headers that are in every answer of Azure. @param requestId empty when there is none */
export function azureHeaders(requestId: string): string[] {
  const headers = ["x-ms-region", "East US", "x-content-type-options", "nosniff"];
  if (requestId !== "") headers.push("x-request-id", requestId, "apim-request-id", uuidOf(requestId));
  return headers;
}

function valueIn({ headers }: Head, name: string): string | undefined {
  const at = headers.indexOf(name);
  return at === -1 ? undefined : headers[at + 1];
}

/** A UUID that an id determines; it has the digits of an id of our own. */
function uuidOf(id: string): string {
  const own = ownId.exec(id)?.[1];
  const hex = own ?? digitsOf(id);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

const ownId = /^req_([0-9a-f]{32})$/;

function digitsOf(id: string): string {
  const first = hash32(id);
  return hexOf(first) + hexOf(hash32(first, 1)) + hexOf(hash32(first, 2)) + hexOf(hash32(first, 3));
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}

import { hash32 } from "../rng.ts";
import type { Frame, Head, Plan } from "../types.ts";
import { isEventStream } from "./sse.ts";

/** What the filter finds in a text that nothing is wrong with. @see https://learn.microsoft.com/azure/ai-foundry/openai/concepts/content-filter */
const safe = `"filtered":false,"severity":"safe"`;
const harms = `"self_harm":{${safe}},"sexual":{${safe}},"violence":{${safe}}`;
const promptResults =
  `"prompt_filter_results":[{"prompt_index":0,"content_filter_results":{"hate":{${safe}},` +
  `"jailbreak":{"filtered":false,"detected":false},${harms}}}]`;
const inToken = `"choices":[{"content_filter_results":{"hate":{${safe}},${harms}},`;
const inOther = `"choices":[{"content_filter_results":{},`;
/** Comes before all of the answer, and says nothing of it. */
const promptEvent = `data: {"choices":[],"created":0,"id":"","model":"","object":"",${promptResults}}\n\n`;
const choiceMark = `"choices":[{`;

/**
 * An answer of the OpenAI API as Azure gives it: with the results of the content filter, and Azure's headers.
 *
 * @param plan a chat or text completion, whole or streamed, in JSON without blanks
 */
export function withFilterResults(plan: Plan): Plan {
  const framed = withAzureHeaders(plan);
  const stream = isEventStream(valueIn(plan.head!, "content-type") ?? "");
  return { ...framed, frames: stream ? filteredEvents(plan.frames) : plan.frames.map(filteredWhole) };
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

/** All events of a stream begin alike, so where their choices are need be searched for once. */
function filteredEvents(frames: readonly Frame[]): readonly Frame[] {
  const filtered: Frame[] = [{ atMs: frames[0]?.atMs ?? 0, data: promptEvent, tokens: 0, final: false }];
  const first = (frames[0]?.data ?? "") as string;
  const at = first.indexOf(choiceMark);
  const opening = first.slice(0, at);
  const ofToken = [opening, inToken].join("");
  const ofOther = [opening, inOther].join("");
  for (const frame of frames) {
    const { atMs, tokens, final } = frame;
    const data = frame.data as string;
    if (!data.startsWith(choiceMark, at)) filtered.push(frame);
    else {
      const rest = data.slice(at + choiceMark.length);
      filtered.push({ atMs, data: (tokens > 0 ? ofToken : ofOther) + rest, tokens, final });
    }
  }
  return filtered;
}

/** Quotes inside of texts are escaped, so the marks can stand only where members are. */
function filteredWhole(frame: Frame): Frame {
  const text = frame.data as string;
  const reason = `"finish_reason":`;
  if (text.indexOf(reason) !== text.lastIndexOf(reason)) return { ...frame, data: filteredChoices(text) };
  return { ...frame, data: `{${promptResults},${text.slice(1).replace(choiceMark, inToken)}` };
}

type Answer = { readonly choices: readonly object[] };

function filteredChoices(text: string): string {
  const answer = JSON.parse(text) as Answer;
  const results: unknown = JSON.parse(`{${inToken.slice(choiceMark.length, -1)}}`);
  const choices = answer.choices.map((choice) => Object.assign({}, results, choice));
  const prompt: unknown = JSON.parse(`{${promptResults}}`);
  return JSON.stringify(Object.assign({}, prompt, answer, { choices }));
}

/** A UUID that an id determines. */
function uuidOf(id: string): string {
  const first = hash32(id);
  const hex = hexOf(first) + hexOf(hash32(first, 1)) + hexOf(hash32(first, 2)) + hexOf(hash32(first, 3));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

function hexOf(word: number): string {
  return word.toString(16).padStart(8, "0");
}

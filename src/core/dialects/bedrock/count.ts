import { countWithinBytes, estimateBySize } from "../openai/text.ts";
import { isObject, objectsIn, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import type { CountTokens } from "../types.ts";

/** The input tokens of a request, and how many of them, from the beginning, a cache would hold. */
export type Input = { readonly tokens: number; readonly cached: number };

const tokensPerMessage = 4;
const tokensForReply = 3;
/** As Anthropic's models count, which most callers of the API ask. @see dialects/anthropic/count.ts */
const tokensForTools = 346;
const tokensPerImage = 1600;
const tokensPerPage = 2000;
const base64CharsPerPage = 65_536;
const leastCachedTokens = 1024;

/**
 * Counts the input of a request in the order in which it is cached: tools, system, messages.
 *
 * Images, documents, sound and films count by their kind and size, and not by the length of their data.
 *
 * @param request the member of the body that holds it, or the whole body
 */
export function countInput(json: JsonBody, count: CountTokens, request: (body: JsonObject) => JsonObject): Input {
  const body = request(json.whole());
  const tally = new Tally(json.sizeBytes > countWithinBytes ? (text) => estimateBySize(text.length) : count);
  const tools = objectsIn(isObject(body["toolConfig"]) ? body["toolConfig"]["tools"] : undefined);
  if (tools.length > 0) tally.tokens += tokensForTools;
  for (const tool of tools) tally.addBlock(tool);
  tally.addContent(body["system"]);
  for (const { content } of objectsIn(body["messages"])) {
    tally.tokens += tokensPerMessage;
    tally.addContent(content);
  }
  return { tokens: tally.tokens + tokensForReply, cached: tally.cached < leastCachedTokens ? 0 : tally.cached };
}

class Tally {
  readonly #count: CountTokens;
  tokens = 0;
  /** Up to the last point at which the caller lets its prompt be cached. */
  cached = 0;

  constructor(count: CountTokens) {
    this.#count = count;
  }

  addContent(content: unknown): void {
    for (const block of objectsIn(content)) this.addBlock(block);
  }

  addBlock(block: JsonObject): void {
    const { text, cachePoint, toolResult, image, document, video, audio } = block;
    if (cachePoint !== undefined) this.cached = this.tokens;
    else if (typeof text === "string") this.tokens += this.#count(text);
    else if (isObject(toolResult)) this.addContent(toolResult["content"]);
    else if (image !== undefined) this.tokens += tokensPerImage;
    else {
      const media = document ?? video ?? audio;
      if (isObject(media)) this.tokens += this.#pagesOf(media) * tokensPerPage;
      else this.tokens += this.#count(JSON.stringify(block));
    }
  }

  /** What lies elsewhere counts as a page. */
  #pagesOf({ source }: JsonObject): number {
    const bytes = isObject(source) ? source["bytes"] : undefined;
    return typeof bytes === "string" ? Math.max(1, Math.ceil(bytes.length / base64CharsPerPage)) : 1;
  }
}

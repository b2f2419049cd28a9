import { blocksOf } from "./messages.ts";
import { isObject, type JsonBody, type JsonObject } from "../shared/json-body.ts";
import { countWithinBytes, estimateBySize } from "../openai/text.ts";
import type { CountTokens } from "../types.ts";

/** The input tokens of a request, and which of them a cache would hold. */
export type Input = {
  readonly tokens: number;
  /** Up to the last mark for the short and the long time; each is counted once. */
  readonly cached5m: number;
  readonly cached1h: number;
};

/** Each message has about so many tokens around it, and so has the response. */
const tokensPerMessage = 4;
const tokensForReply = 3;
/** What the provider adds when there are tools. @see its table "Tool use system prompt token count", Claude 4, `auto` */
const tokensForTools = 346;
/** The largest image that is not made smaller first. @see its guide to vision */
const tokensPerImage = 1600;
/** A page of a PDF takes 1,500 to 3,000 tokens; its bytes are a guess. @see its guide to PDFs */
const tokensPerPage = 2000;
const base64CharsPerPage = 65_536;
/** Shorter beginnings of a prompt are not cached. @see its guide to prompt caching */
const leastCachedTokens = 1024;

/**
 * Counts the input of a request in the order in which the provider caches it: tools, system, messages.
 *
 * Images and documents count by their kind, not by the length of their data.
 *
 * @returns integers; those of a large body are estimated by the length of its texts
 */
export function countInput(json: JsonBody, count: CountTokens): Input {
  const body = json.whole();
  const tally = createTally(json.sizeBytes > countWithinBytes ? (text) => estimateBySize(text.length) : count);
  const tools = blocksOf(body["tools"]);
  if (tools.length > 0) tally.add(tokensForTools);
  for (const tool of tools) {
    tally.addText(JSON.stringify(tool));
    tally.mark(tool);
  }
  tally.addContent(body["system"]);
  for (const message of blocksOf(body["messages"])) {
    tally.add(tokensPerMessage);
    tally.addContent(message["content"]);
  }
  tally.mark(body);
  tally.add(tokensForReply);
  return tally.total();
}

function createTally(count: CountTokens) {
  let tokens = 0;
  let marked5m = 0;
  let marked1h = 0;
  const tally = {
    add: (more: number): void => void (tokens += more),
    addText: (text: string): void => void (tokens += count(text)),
    addContent(content: unknown): void {
      if (typeof content === "string") tally.addText(content);
      for (const block of blocksOf(content)) {
        tally.addBlock(block);
        tally.mark(block);
      }
    },
    addBlock(block: JsonObject): void {
      const { type, text, thinking, content, input, source } = block;
      if (type === "image") return tally.add(tokensPerImage);
      if (type === "document" && isObject(source)) return tally.addDocument(source);
      if (typeof text === "string") tally.addText(text);
      if (typeof thinking === "string") tally.addText(thinking);
      if (isObject(input)) tally.addText(JSON.stringify(input));
      tally.addContent(content);
    },
    addDocument({ type, data, content }: JsonObject): void {
      if (type === "text" && typeof data === "string") return tally.addText(data);
      if (type === "content") return tally.addContent(content);
      const pages = typeof data === "string" ? Math.max(1, Math.ceil(data.length / base64CharsPerPage)) : 1;
      tally.add(pages * tokensPerPage);
    },
    /** Takes what was counted so far as cached, where the object says so. */
    mark({ cache_control: control }: JsonObject): void {
      if (!isObject(control) || control["type"] !== "ephemeral") return;
      const more = tokens - marked5m - marked1h;
      if (control["ttl"] === "1h") marked1h += more;
      else marked5m += more;
    },
    total: (): Input => withoutShortCache({ tokens, cached5m: marked5m, cached1h: marked1h }),
  };
  return tally;
}

/** What is shorter than the provider caches is not cached. */
function withoutShortCache(input: Input): Input {
  return input.cached5m + input.cached1h < leastCachedTokens ? { ...input, cached5m: 0, cached1h: 0 } : input;
}

import { judge as judgeAnthropic } from "../anthropic/events.ts";
import { nothing, type EventInfo, type JudgeBytes } from "../shared/streams/cutter.ts";
import { numberAt } from "../shared/streams/usage.ts";
import { jsonIn } from "./envelope.ts";
import { readEvent, type ReceivedEvent } from "./event-stream.ts";

// Quotes inside of texts are escaped, so these marks can stand only where members are.
const converseToken = /"(?:text|input)"\s*:\s*"(?!")/;
/** What other makers' models call their text; those of Nova are the events of a conversation, by their names. */
const invokedToken = /"(?:text|input|generation|outputText|completion)"\s*:\s*"(?!")/;
const anthropicEvent = /"type"\s*:\s*"(?:message|content_block)_[a-z]+"/;
const metricsMark = `"amazon-bedrock-invocationMetrics"`;

const decoder = new TextDecoder();

/**
 * Makes what says what the events of one stream are worth.
 *
 * A delta with text, reasoning or a piece of a tool's input is a token; the usage at the end is worth what it names beyond
 * those seen. Final are the events that tell how the message ended, and what it took.
 *
 * @returns never throws; what is no event is worth nothing
 */
export function createJudge(): JudgeBytes {
  let counted = 0;
  return (bytes) => {
    const event = readEvent(bytes);
    if (event === undefined) return nothing;
    const { tokens, final, named } = infoOf(event);
    const worth = named === undefined ? tokens : Math.max(tokens, named - counted);
    counted += worth;
    return { tokens: worth, final };
  };
}

/** `named` is how many output tokens of the whole response an event names. */
type Info = EventInfo & { readonly named?: number | undefined };

function infoOf(event: ReceivedEvent): Info {
  switch (event.headers.get(":event-type") ?? "") {
    case "contentBlockDelta":
      return { tokens: converseToken.test(decoder.decode(event.payload)) ? 1 : 0, final: false };
    case "messageStop":
      return { tokens: 0, final: true };
    case "metadata":
      return { tokens: 0, final: true, named: numberAt(event.payload, "usage", "outputTokens") };
    case "chunk":
      return chunkInfo(event);
    default:
      return nothing;
  }
}

function chunkInfo(event: ReceivedEvent): Info {
  const json = jsonIn(event);
  if (json === undefined) return nothing;
  const text = decoder.decode(json);
  if (anthropicEvent.test(text)) {
    const info = judgeAnthropic(text);
    return info.final ? { ...info, named: numberAt(json, "usage", "output_tokens") } : info;
  }
  const tokens = invokedToken.test(text) ? 1 : 0;
  if (!text.includes(metricsMark)) return { tokens, final: false };
  return { tokens, final: true, named: numberAt(json, "amazon-bedrock-invocationMetrics", "outputTokenCount") };
}

/** Output tokens named by a whole JSON response, of the service's or of a model's; undefined when it names none. */
export function readUsage(body: Uint8Array): number | undefined {
  return numberAt(body, "usage", "outputTokens") ?? numberAt(body, "usage", "output_tokens");
}

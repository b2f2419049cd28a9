/** The tokens of a call as the provider's usage tells them; what it does not tell is undefined. */
export type Usage = {
  /** Those from the provider's cache included. */
  readonly promptTokens: number | undefined;
  readonly cachedTokens: number | undefined;
  /** Those that were put into the provider's cache, where it asks another price for them. */
  readonly writtenTokens?: number | undefined;
  /** Reasoning included. */
  readonly outputTokens: number | undefined;
};

// Quotes inside of texts are escaped, so these marks can stand only where members are.
const usageMark = '"usage';
const prompt = /"(?:prompt_tokens|input_tokens|inputTokens|promptTokenCount|prompt_eval_count)"\s*:\s*(\d{1,15})/;
const output = /"(?:completion_tokens|output_tokens|outputTokens|candidatesTokenCount|eval_count)"\s*:\s*(\d{1,15})/;
const thoughts = /"thoughtsTokenCount"\s*:\s*(\d{1,15})/;
const cached = /"(?:cached_tokens|cachedContentTokenCount|prompt_cache_hit_tokens)"\s*:\s*(\d{1,15})/;
/** Anthropic and Bedrock count what the cache gave, and what was put there, beside the input tokens. */
const cacheRead = /"(?:cache_read_input_tokens|cacheReadInputTokens)"\s*:\s*(\d{1,15})/;
const cacheMade = /"(?:cache_creation_input_tokens|cacheWriteInputTokens)"\s*:\s*(\d{1,15})/;
/** Ollama tells its counts at the top of its last line. */
const bareMark = /"(?:prompt_)?eval_count"\s*:/;

/**
 * The usage that a response, or one event of a stream, tells; in whatever dialect.
 *
 * @param text the JSON, or the event as received
 * @returns undefined where it tells none; never throws
 */
export function usageIn(text: string): Usage | undefined {
  const from = text.lastIndexOf(usageMark);
  if (from === -1 && !bareMark.test(text)) return undefined;
  const told = from === -1 ? text : text.slice(from);
  const [read, made] = [numberIn(told, cacheRead), numberIn(told, cacheMade)];
  const said = numberIn(told, output);
  const thought = numberIn(told, thoughts);
  const usage: Usage = {
    promptTokens: sum(numberIn(told, prompt), read, made),
    cachedTokens: read ?? numberIn(told, cached),
    writtenTokens: made,
    outputTokens: sum(said, thought),
  };
  return usage.promptTokens === undefined && usage.outputTokens === undefined ? undefined : usage;
}

/** What both tell of one response: the later one counts where both tell it. */
export function laterUsage(before: Usage | undefined, later: Usage): Usage {
  if (before === undefined) return later;
  return {
    promptTokens: later.promptTokens || before.promptTokens,
    cachedTokens: later.cachedTokens ?? before.cachedTokens,
    writtenTokens: later.writtenTokens ?? before.writtenTokens,
    outputTokens: later.outputTokens ?? before.outputTokens,
  };
}

function numberIn(text: string, mark: RegExp): number | undefined {
  const found = mark.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function sum(...numbers: readonly (number | undefined)[]): number | undefined {
  const told = numbers.filter((each) => each !== undefined);
  return told.length === 0 ? undefined : told.reduce((total, each) => total + each, 0);
}

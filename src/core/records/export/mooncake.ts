import type { Exporter } from "./types.ts";

/** Tokens that one hash stands for, in Mooncake's own traces and by default in the tools that replay them. */
const blockTokens = 512;

type Row = {
  readonly time: number;
  readonly input: number;
  readonly output: number;
  /** Blocks of the prompt that a cache gave, and of which prompts they are taken to be. */
  readonly cached: number;
  readonly prefix: string;
};

/**
 * A trace in Mooncake's form, in the order of time: when each request came, in milliseconds from the first, and how long prompt and
 * response were.
 *
 * A record has no text to hash. So each prompt has blocks of its own, but for those that came from the provider's cache: they are
 * taken to be the same at the beginning of all prompts of one model and key. Left out are records whose prompt or response has no
 * known length, which nobody could replay.
 *
 * @see https://github.com/kvcache-ai/Mooncake
 */
export function mooncakeExporter(): Exporter {
  const rows: Row[] = [];
  let skipped = 0;
  return {
    record({ time, promptTokens = 0, cachedTokens = 0, actual, model = "", key = "" }) {
      const output = actual.outputTokens;
      if (promptTokens === 0 || output === 0) skipped += 1;
      else {
        const cached = Math.floor(Math.min(cachedTokens, promptTokens) / blockTokens);
        rows.push({ time, input: promptTokens, output, cached, prefix: `${model}\n${key}` });
      }
      return "";
    },
    end: () => lines(rows.sort((a, b) => a.time - b.time)),
    skipped: () => skipped,
  };
}

function lines(rows: readonly Row[]): string {
  const shared = new Map<string, number[]>();
  let next = 0;
  const blocksOf = ({ input, cached, prefix }: Row): number[] => {
    let known = shared.get(prefix);
    if (known === undefined) shared.set(prefix, (known = []));
    while (known.length < cached) known.push((next += 1));
    const ids = known.slice(0, cached);
    while (ids.length < Math.ceil(input / blockTokens)) ids.push((next += 1));
    return ids;
  };
  const firstMs = rows[0]?.time ?? 0;
  return rows
    .map((row) => {
      const { time, input, output } = row;
      const line = {
        timestamp: Math.round(time - firstMs),
        input_length: input,
        output_length: output,
        hash_ids: blocksOf(row),
      };
      return `${JSON.stringify(line)}\n`;
    })
    .join("");
}

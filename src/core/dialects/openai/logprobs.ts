import { makeText } from "../../simulator/text.ts";
import type { Randomness, SeededRng } from "../../rng.ts";

/** How likely a token was, as a natural logarithm ≤ 0. */
export type Chance = { readonly token: string; readonly logprob: number };

/** A token that was said, and the most likely ones in its place, itself the first of them. */
export type Likely = Chance & { readonly top: readonly Chance[] };

/**
 * As how many tokens of a response one counts that is told with so many likely ones: about what it takes of memory.
 *
 * @param top 0 to 20; undefined when no logprobs are told
 */
export function weightOf(top: number | undefined): number {
  return top === undefined ? 1 : 2 + top / likelyInToken;
}

const likelyInToken = 5;
const poolTokens = 300;
const encoder = new TextEncoder();

/** Makes up how likely a token was: most nearly certain, some not. */
export type Weigh = (token: string) => Likely;

/** Begins to weigh some tokens, at each call in the same way. */
export type Weighing = () => Weigh;

/**
 * Makes the weighing of one run of tokens after another, with so many of the most likely ones for each.
 *
 * @param top 0 to 20
 * @returns given how many tokens the next run has, its weighing
 */
export function createWeigher(rng: SeededRng, top: number): (tokens: number) => Weighing {
  const pool = [...new Set(makeText(rng, poolTokens).tokens)];
  const draws = drawsPerToken + Math.max(0, top - 1);
  return (tokens) => {
    const start = rng.state.copy();
    for (let left = tokens * draws; left > 0; left -= 1) rng();
    return () => weighFrom(start.copy(), top, pool);
  };
}

/** One for its own likelihood, and one for where the others are taken from; each other one needs one more. */
const drawsPerToken = 2;

function weighFrom(draws: Randomness, top: number, pool: readonly string[]): Weigh {
  return (token) => {
    let left = 1;
    let last = 1;
    const draw = (share: number): number => {
      const probability = Math.min(left * share, last);
      left -= probability;
      last = probability * 0.9;
      return logOf(probability);
    };
    const logprob = draw(1 - 0.7 * draws.next() ** 4);
    const others: Chance[] = [];
    let at = Math.floor(draws.next() * pool.length);
    while (others.length < top - 1) {
      at = (at + 1) % pool.length;
      const other = pool[at]!;
      if (other !== token) others.push({ token: other, logprob: draw(0.4 + 0.3 * draws.next()) });
    }
    return { token, logprob, top: top === 0 ? [] : [{ token, logprob }, ...others] };
  };
}

/** The provider gives −9999 for what is hardly possible. */
const leastLogprob = -9999;

function logOf(probability: number): number {
  if (probability <= 0) return leastLogprob;
  // A certain token has 0, and not -0.
  return Number(Math.log(probability).toFixed(6)) + 0;
}

/** A token of a response in JSON, with its bytes. @see the OpenAI document, ChatCompletionTokenLogprob and LogProb */
export function likelyJson(likely: Likely): string {
  return listedJson(likely, withBytes);
}

/** The same without bytes. @see the OpenAI document, ResponseLogProb */
export function likelyEventJson(likely: Likely): string {
  return listedJson(likely, withoutBytes);
}

function listedJson(likely: Likely, chanceJson: (chance: Chance) => string): string {
  const own = chanceJson(likely);
  const top = likely.top.map((chance, at) => `{${at === 0 ? own : chanceJson(chance)}}`).join(",");
  return `{${own},"top_logprobs":[${top}]}`;
}

function withBytes({ token, logprob }: Chance): string {
  const { name, bytes } = formOf(token);
  return `${name}${logprob}${bytes}`;
}

function withoutBytes({ token, logprob }: Chance): string {
  return `${formOf(token).name}${logprob}`;
}

/** What stands before and after the logprob of a token. */
type Form = { readonly name: string; readonly bytes: string };

/** Made-up text comes from few tokens, so their forms are kept. */
const forms = new Map<string, Form>();
const maxForms = 4096;
const maxKeptLength = 32;

function formOf(token: string): Form {
  const known = forms.get(token);
  if (known !== undefined) return known;
  const form = {
    name: `"token":${JSON.stringify(token)},"logprob":`,
    bytes: `,"bytes":[${encoder.encode(token).join(",")}]`,
  };
  if (token.length > maxKeptLength) return form;
  if (forms.size >= maxForms) forms.clear();
  forms.set(token, form);
  return form;
}

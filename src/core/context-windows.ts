import { compileGlob } from "./glob.ts";
import { bareModel } from "./model-names.ts";

/** Max tokens of a prompt, by globs of model names; the first that matches holds. */
type Windows = readonly (readonly [models: string, tokens: number])[];

/**
 * The context windows of known models.
 *
 * Where a model takes fewer tokens than its window, it is those that its prompt may have: the 400,000 of `gpt-5` are 272,000 of
 * input and 128,000 of output.
 *
 * @see https://models.dev (github.com/anomalyco/models.dev, 2 July 2026): `limit.input`, else `limit.context`, of each provider's
 *   own models; https://platform.openai.com/docs/models and https://platform.claude.com/docs/en/about-claude/models for older ones,
 *   https://docs.cohere.com/docs/models
 */
const windows: Windows = [
  ["gpt-5-chat*", 128_000],
  ["gpt-5.*-chat*", 128_000],
  ["gpt-5.4-mini*", 272_000],
  ["gpt-5.4-nano*", 272_000],
  ["gpt-5.4*", 922_000],
  ["gpt-5.5-instant*", 400_000],
  ["gpt-5.5*", 922_000],
  ["gpt-5", 272_000],
  ["gpt-5-*", 272_000],
  ["gpt-5.1*", 272_000],
  ["gpt-5.2*", 272_000],
  ["gpt-5.3-codex", 272_000],
  ["gpt-4.1*", 1_047_576],
  ["gpt-4o*", 128_000],
  ["chatgpt-4o*", 128_000],
  ["gpt-4-turbo*", 128_000],
  ["gpt-4-1106*", 128_000],
  ["gpt-4-0125*", 128_000],
  ["gpt-4-32k*", 32_768],
  ["gpt-4", 8192],
  ["gpt-4-0*", 8192],
  ["gpt-3.5-turbo-instruct*", 4096],
  ["gpt-3.5-turbo*", 16_385],
  ["gpt-35-turbo*", 16_385],
  ["babbage-002", 16_384],
  ["davinci-002", 16_384],
  ["o1-mini*", 128_000],
  ["o1-preview*", 128_000],
  ["o1*", 200_000],
  ["o3*", 200_000],
  ["o4-mini*", 200_000],
  ["gpt-oss-*", 131_072],
  ["openai/gpt-oss-*", 131_072],
  ["claude-opus-4-6*", 1_000_000],
  ["claude-opus-4-7*", 1_000_000],
  ["claude-opus-4-8*", 1_000_000],
  ["claude-sonnet-4-6*", 1_000_000],
  ["claude-sonnet-5*", 1_000_000],
  ["claude-fable-5*", 1_000_000],
  ["claude-opus-4*", 200_000],
  ["claude-sonnet-4*", 200_000],
  ["claude-haiku-4*", 200_000],
  ["claude-3*", 200_000],
  ["gemini-2.5-flash-image*", 32_768],
  ["gemini-*-tts", 32_768],
  ["gemini-*-image*", 65_536],
  ["gemini-2.*", 1_048_576],
  ["gemini-3*", 1_048_576],
  ["gemini-flash-*", 1_048_576],
  ["mistral-large-2411", 131_072],
  ["mistral-large-*", 262_144],
  ["mistral-medium-2505", 131_072],
  ["mistral-medium-*", 262_144],
  ["mistral-small-2506", 128_000],
  ["mistral-small-*", 256_000],
  ["magistral-*", 128_000],
  ["ministral-*", 128_000],
  ["codestral-*", 256_000],
  ["open-mistral-7b", 8000],
  ["open-mixtral-8x7b", 32_000],
  ["open-mixtral-8x22b", 64_000],
  ["open-mistral-nemo*", 128_000],
  ["pixtral-*", 128_000],
  ["deepseek-chat", 1_000_000],
  ["deepseek-reasoner", 1_000_000],
  ["deepseek-v4-*", 1_000_000],
  ["llama-3.1-8b-instant", 131_072],
  ["llama-3.3-70b-versatile", 131_072],
  ["llama3-70b-8192", 8192],
  ["llama3-8b-8192", 8192],
  ["grok-4.20-*", 1_000_000],
  ["grok-4.3*", 1_000_000],
  ["grok-build-*", 256_000],
  ["grok-3*", 131_072],
  ["command-a-*", 256_000],
  ["command-r*", 128_000],
];

const tests = windows.map(([models, tokens]) => ({ matches: compileGlob(models), tokens }));
const found = new Map<string, number | undefined>();
const maxFound = 1000;

/**
 * Max tokens of a prompt for a model; undefined for one that is not known.
 *
 * @param model its name, as a request has it
 */
export function knownContextTokens(model: string): number | undefined {
  if (found.has(model)) return found.get(model);
  const bare = bareModel(model);
  const tokens = tests.find(({ matches }) => matches(bare))?.tokens;
  if (found.size >= maxFound) found.clear();
  found.set(model, tokens);
  return tokens;
}

import type { Compose } from "../../../simulator/parts.ts";
import type { Script } from "../../types.ts";
import type { Streaming } from "../check.ts";
import type { Tooling } from "../tools.ts";

/** A chat completion to be written, as a whole or as a stream. */
export type ChatResponse = {
  readonly script: Script;
  readonly model: string;
  readonly promptTokens: number;
  /** How many of them are sound. */
  readonly audioTokens: number;
  readonly choices: number;
  readonly stops: readonly string[];
  readonly streaming: Streaming;
  readonly serviceTier: string;
  readonly maxTokens: number | undefined;
  readonly compose: Compose | undefined;
  /** How many of the most likely tokens are told for each, 0 to 20; undefined when nothing is. */
  readonly topLogprobs: number | undefined;
  readonly tooling: Tooling | undefined;
};

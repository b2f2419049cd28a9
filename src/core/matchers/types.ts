import type { z } from "zod";
import type { Groups } from "../replies/types.ts";
import type { Call } from "../types.ts";

/** One question a rule asks of a call. `test` decides; `seen` tells a person what the call had. */
export type Condition = {
  readonly name: string;
  readonly expected: string;
  test(call: Call, seed: number): boolean;
  seen(call: Call, seed: number): string;
  /** The named groups of what it finds in a call that passes. */
  readonly groups?: { readonly names: readonly string[]; of(call: Call): Groups };
  /** The number that is compared with the percentage, 0 ≤ x < 1; only a percentage has one. */
  readonly draw?: (call: Call, seed: number) => number;
};

/** The rule that a condition is made for. */
export type RuleContext = {
  readonly name: string;
  /** Each retry of a call gets a draw of its own. */
  readonly perAttempt: boolean;
  /** Everything the rule asks, by the key in `match`. */
  readonly match: Readonly<Record<string, unknown>>;
};

/** One kind of condition, in one file: its key in `match`, what may stand there, and what it asks of a call. */
export type Matcher<Value> = {
  /** The key in `match`. */
  readonly name: string;
  /** One sentence for the schema and the docs, without a full stop. */
  readonly summary: string;
  /** What the configuration may have there. */
  readonly value: z.ZodType<Value>;
  /** Further keys of `match` that only say how it decides. */
  readonly options?: Readonly<Record<string, z.ZodType>>;
  /** Each rule draws or counts by itself, so that two rules with the same value get different results. */
  readonly isOwn?: boolean;
  /** Whether every call passes, so that no rule behind such a one is ever reached; never, when it is absent. */
  passesAll?(value: Value): boolean;
  /** Whether every call that meets `narrow` meets `wide`, too; when it is absent, only for equal values. */
  covers?(wide: Value, narrow: Value): boolean;
  /** Whether no call can meet both; when it is absent, that is not known. */
  excludes?(one: Value, other: Value): boolean;
  /**
   * The conditions that a value stands for, one or several.
   *
   * They are made once for each configuration and run for every call: what can be computed in advance is computed here.
   */
  compile(value: Value, rule: RuleContext): readonly Condition[];
};

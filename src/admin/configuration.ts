import type { ConditionTrace, RuleTrace } from "../core/decide.ts";
import type { DiffLine } from "../core/line-diff.ts";
import type { Outcome } from "../core/types.ts";

/** What the configuration in force says, and how it came to be in force. Credentials are masked in all of it. */
export type ConfigurationView = {
  /**
   * What would happen to a request, as `stuntdouble explain` tells it.
   *
   * @throws StuntdoubleError CONFIG_INVALID for one that no server responds to
   */
  explain(request: GivenRequest): Promise<string>;
  /** How the rules in force stand to a call that has ended. */
  trace(call: Outcome): CallTrace;
  /** Where a client on the same machine sends its calls: `http://localhost:8080`. */
  traffic(): string;
  /** What is hardly meant in it, as `stuntdouble check` warns. */
  warnings(): readonly Mistake[];
  texts(): ConfigTexts;
  /** The JSON Schema of configurations, as text. */
  schema(): string;
  /** When it was last tried to load it again, milliseconds since 1970; 0 where it never was. */
  reloadedAtMs(): number;
};

/** A request as a person describes it. */
export type GivenRequest = {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Undefined for a request without one. */
  readonly body: string | undefined;
};

/** The rules in their order, each with its conditions. */
export type CallTrace = {
  readonly rules: readonly CallRuleTrace[];
  /** The configuration in force is another than the one by which the call was decided. */
  readonly isOlder: boolean;
};

export type CallRuleTrace = Omit<RuleTrace, "conditions" | "result"> & {
  readonly result: RuleTrace["result"] | "not known";
  readonly conditions: readonly CallConditionTrace[];
};

/** `not kept`: what it asks for is not kept of a call that has ended. */
export type CallConditionTrace = Pick<ConditionTrace, "name" | "expected" | "seen"> & {
  readonly result: ConditionTrace["result"] | "not kept";
};

/** An error or a warning, where it stands. */
export type Mistake = {
  /** `file:line:column`, of the file its name alone */
  readonly place: string;
  readonly message: string;
  /** The line as it stands there, where its text is known. */
  readonly text?: string | undefined;
  /** From 1. */
  readonly column?: number | undefined;
  /** Which kind of mistake. */
  readonly code?: string | undefined;
};

/** The text of the configuration, where it was read from one. */
export type ConfigTexts = {
  /** Its file, or the URL of its store. */
  readonly name: string | undefined;
  /** Undefined where there is none, or it is too long to be kept. */
  readonly text: string | undefined;
  /** Undefined until a second one is in force. */
  readonly diff: readonly DiffLine[] | undefined;
  /** The last attempt to load it again; undefined where there was none. */
  readonly last: LastReload | undefined;
};

export type LastReload = {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly ok: boolean;
  /** What asked for it: a changed file, a signal, the API … */
  readonly from: string;
  readonly by: string | undefined;
  readonly mistakes: readonly Mistake[];
};

import { prepareProfile, type PreparedProfile } from "../profile.ts";
import type { Prepared } from "../distribution.ts";
import type { Profile } from "../types.ts";

/** Quantiles that are shown. */
export const shownShares = [0.5, 0.9, 0.95, 0.99] as const;

/** One line of figures: what is drawn, its quantiles and its mean. */
export type Figures = { readonly name: string; readonly quantiles: readonly number[]; readonly mean: number };

/** The figures of everything that a profile draws. */
export function figuresOf(profile: Profile): Figures[] {
  const ready = prepareProfile(profile);
  const of = (name: string, { at, mean }: Prepared, factor = 1): Figures => ({
    name,
    quantiles: shownShares.map((share) => at(share) * factor),
    mean: mean * factor,
  });
  return [
    of("ttftMs", ready.ttftMs),
    ...(ready.ttftByPrompt ?? []).map(({ fromTokens, ttftMs }) => of(`ttftMs from ${fromTokens} tokens`, ttftMs)),
    ...(ready.ttftByLoad ?? []).map(({ inFlight, drawn, factor }) => of(`ttftMs at ${inFlight} calls`, drawn, factor)),
    ...gapsOf(ready).map(([name, drawn]) => of(name, drawn)),
    ...(ready.itlByLoad ?? []).map(({ inFlight, drawn, factor }) => of(`itlMs at ${inFlight} calls`, drawn, factor)),
    of("outputTokens", ready.outputTokens),
    ...[...(ready.outputTokensByOperation ?? [])].map(([name, drawn]) => of(`outputTokens of ${name}`, drawn)),
    ...(ready.tokensPerEvent === undefined ? [] : [of("tokensPerEvent", ready.tokensPerEvent)]),
    ...(ready.stallMs === undefined ? [] : [of("stalls.ms", ready.stallMs)]),
  ];
}

/** A distribution, and what it is called. */
export type Named = readonly [name: string, drawn: Prepared];

/** What gaps are drawn from where there is no load: of an engine, the times of its steps. */
export function gapsOf({ itlMs, batching }: PreparedProfile): Named[] {
  if (batching === undefined) return [["itlMs", itlMs]];
  return batching.steps.map(({ inFlight, drawn }) => [`decodeMs at ${inFlight} sequences`, drawn]);
}

/** A profile's name, and its description where it has one. */
export function titleOf({ name, description }: Profile): string {
  return description === "" ? name : `${name}: ${description}`;
}

/** A number with three significant digits, as it is read best. */
export function shown(value: number): string {
  return String(Number(value.toPrecision(3)));
}

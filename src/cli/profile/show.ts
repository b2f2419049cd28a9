import type { Profile } from "../../core/simulator/types.ts";
import { columns } from "../../core/page/table.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { parseWords, type Io } from "../args.ts";
import { figuresOf, shown, shownShares, titleOf } from "../../core/simulator/preview/figures.ts";
import { exitCodes } from "../exit-codes.ts";
import { findProfile } from "./find.ts";

/** `stuntdouble profile show` */
export async function show(args: readonly string[], io: Io): Promise<number> {
  const { flags, words } = parseWords(args, { json: "boolean" });
  const [named, ...more] = words;
  if (named === undefined || more.length > 0)
    throw new StuntdoubleError("CONFIG_INVALID", "expected one profile, as in: stuntdouble profile show gpt-4o");
  const profile = await findProfile(named, io);
  io.out(flags.json === true ? `${JSON.stringify(profile, undefined, 2)}\n` : textOf(profile));
  return exitCodes.good;
}

function textOf(profile: Profile): string {
  const head = ["", ...shownShares.map((share) => `p${share * 100}`), "mean"];
  const rows = figuresOf(profile).map(({ name, quantiles, mean }) => [name, ...quantiles.map(shown), shown(mean)]);
  return [
    titleOf(profile),
    ...(profile.models.length === 0 ? [] : [`stands for ${profile.models.join(", ")}`]),
    "",
    columns([head, ...rows], { right: true }),
    ...shapeOf(profile),
    ...fitOf(profile),
    "",
    "Sources",
    ...Object.entries(profile.sources).map(([name, source]) => `  ${name}: ${source}`),
    "",
  ].join("\n");
}

function shapeOf({ prefill, load, itlCorrelation, stalls, failures = [], ...served }: Profile): string[] {
  return [
    ...servingOf(served),
    ...(prefill.msPer1000Tokens > 0
      ? [`  prefill: ${prefill.msPer1000Tokens} ms for each 1,000 prompt tokens beyond ${prefill.freePromptTokens}`]
      : []),
    ...load.map(({ inFlight, ttft, itl }) => `  at ${inFlight} calls in flight: TTFT × ${ttft}, ITL × ${itl}`),
    ...(itlCorrelation === undefined ? [] : [`  correlation of gaps: ${itlCorrelation}`]),
    ...(stalls === undefined ? [] : [`  stalls: ${stalls.percentage} % of all ${stalls.per}s`]),
    ...failures.map(
      ({ kind, percentage, ...options }) => `  failures: ${percentage} % ${kind} ${JSON.stringify(options)}`,
    ),
  ];
}

function servingOf({ engine, promptCache }: Pick<Profile, "engine" | "promptCache">): string[] {
  const lines: string[] = [];
  if (engine !== undefined) {
    const { prefillTokensPerSecond, maxSequences, maxBatchTokens, kvCacheTokens } = engine;
    const kept = kvCacheTokens === undefined ? "" : `, ${kvCacheTokens} tokens in its cache`;
    lines.push(
      `  engine: ${prefillTokensPerSecond} prompt tokens a second, ${maxSequences} sequences, ${maxBatchTokens} tokens a step${kept}`,
    );
  }
  if (promptCache !== undefined) {
    const { minTokens, blockTokens, ttlMs } = promptCache;
    lines.push(`  prompt cache: from ${minTokens} tokens, blocks of ${blockTokens}, ${ttlMs} ms`);
  }
  return lines;
}

function fitOf({ fit }: Profile): string[] {
  if (fit === undefined) return [];
  const rows = Object.entries(fit.measures).map(([name, { n, kind, w1, ks }]) => [
    name,
    kind,
    String(n),
    String(w1),
    String(ks),
  ]);
  const period = fit.period === undefined ? "" : `, calls of ${fit.period}`;
  return [
    "",
    `Fitted ${fit.date} to ${fit.source}: ${fit.calls} calls${period}`,
    columns([["", "kind", "n", "W1/mean", "KS"], ...rows], { right: true }),
  ];
}

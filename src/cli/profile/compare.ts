import { columns } from "../../core/page/table.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { meanOf } from "../../core/fit/sample.ts";
import { ksDistance, wasserstein } from "../../core/statistics/distance.ts";
import { ratioOf } from "../../core/statistics/bootstrap.ts";
import type { Prepared } from "../../core/simulator/distribution.ts";
import { prepareProfile, type PreparedProfile } from "../../core/simulator/profile.ts";
import { parseWords, type Io } from "../args.ts";
import { gapsOf, shown, shownShares } from "../../core/simulator/preview/figures.ts";
import { exitCodes } from "../exit-codes.ts";
import { findProfile } from "./find.ts";

const measures = ["ttftMs", "itlMs", "outputTokens"] as const;
const points = 4000;

/** How far one measure of two profiles is apart. */
type Difference = {
  readonly measure: string;
  readonly one: readonly number[];
  readonly two: readonly number[];
  /** The second as a multiple of the first, at each of the shown quantiles. */
  readonly ratios: readonly number[];
  /** As a share of the first's mean. */
  readonly w1: number;
  readonly ks: number;
};

/** `stuntdouble profile compare` */
export async function compare(args: readonly string[], io: Io): Promise<number> {
  const { flags, words } = parseWords(args, { json: "boolean" });
  const [first, second, ...more] = words;
  if (first === undefined || second === undefined || more.length > 0)
    throw new StuntdoubleError(
      "CONFIG_INVALID",
      "expected two profiles, as in: stuntdouble profile compare gpt-4o mine.yaml",
    );
  const [one, two] = [prepareProfile(await findProfile(first, io)), prepareProfile(await findProfile(second, io))];
  const differences = measures.map((measure): Difference => {
    const [first, second] = [drawnOf(one, measure), drawnOf(two, measure)];
    const [a, b] = [quantilesOf(first.at), quantilesOf(second.at)];
    const shownOf = (at: (share: number) => number): number[] => shownShares.map(at);
    const [lows, highs] = [shownOf(first.at), shownOf(second.at)];
    const ratios = highs.map((high, index) => ratioOf(high, lows[index] ?? 1));
    return { measure, one: lows, two: highs, ratios, w1: wasserstein(a, b) / meanOf(a), ks: ksDistance(a, b) };
  });
  if (flags.json === true) io.out(`${JSON.stringify(differences, undefined, 2)}\n`);
  else io.out(textOf(differences, [one.profile.name, two.profile.name]));
  return exitCodes.good;
}

/** Without load; of an engine, with one sequence in its batch. */
function drawnOf(profile: PreparedProfile, measure: (typeof measures)[number]): Prepared {
  const [[, gap] = ["", profile.itlMs]] = gapsOf(profile);
  return measure === "itlMs" ? gap : profile[measure];
}

function quantilesOf(at: (share: number) => number): Float64Array {
  return Float64Array.from({ length: points }, (_, index) => at((index + 0.5) / points));
}

function textOf(differences: readonly Difference[], [one, two]: readonly [string, string]): string {
  const head = ["", "", ...shownShares.map((share) => `p${share * 100}`), "W1/mean", "KS"];
  const rows = differences.flatMap(({ measure, ...found }) => [
    [measure, one, ...found.one.map(shown)],
    ["", two, ...found.two.map(shown)],
    [
      "",
      "ratio",
      ...found.ratios.map((ratio) => (Number.isFinite(ratio) ? ratio.toFixed(2) : "–")),
      shown(found.w1),
      shown(found.ks),
    ],
  ]);
  return `${columns([head, ...rows], { right: true })}\n`;
}

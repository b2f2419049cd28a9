import { isObject } from "../../dialects/shared/json-body.ts";
import type { Observation, ReadSource, SourceProblem } from "../types.ts";
import { readCsv, type Columns } from "./csv.ts";
import type { Fields } from "./fields.ts";
import {
  aiperfObservation,
  guidellmObservations,
  isAiperf,
  isGuidellm,
  isMooncake,
  isVllm,
  mooncakeObservation,
  vllmObservations,
} from "./load-tools.ts";
import { isRecord, recordObservation, type Measured } from "./records.ts";

/** How a source is read. */
export type ReadOptions = { readonly measured: Measured; readonly columns?: Columns | undefined };

const knownFormats =
  "records of Stuntdouble, guidellm, aiperf (profile_export.jsonl), vllm bench serve with --save-detailed, a Mooncake trace, or CSV";

/**
 * The measured calls of a file, whose format is told by what is in it.
 *
 * @returns with what is wrong, by line; a last line that is half written is passed over and counted
 */
export function readSource(text: string, options: ReadOptions): ReadSource {
  if (text.trim() === "") return refused(1, "the file is empty");
  if (!text.trimStart().startsWith("{")) return readCsv(text, options.columns);
  const whole = parsed(text);
  if (isObject(whole) && (isGuidellm(whole) || isVllm(whole))) return readReport(whole);
  const [first = ""] = text.trim().split("\n");
  if (isObject(parsed(first)) || text.trim().indexOf("\n") === -1) return readLines(text, options);
  return isObject(whole) ? refused(1, unknownObject(whole)) : refused(lineOfError(text), "broken JSON");
}

function unknownObject(whole: Fields): string {
  return isObject(whole["time_to_first_token"])
    ? "a summary of aiperf without single calls; give its profile_export.jsonl"
    : `not understood; a source is ${knownFormats}`;
}

/** Where a text stops being JSON, as far as the parser tells. */
function lineOfError(text: string): number {
  try {
    JSON.parse(text);
    return 1;
  } catch (error) {
    const told = error instanceof Error ? /line (\d+)/.exec(error.message)?.[1] : undefined;
    return told === undefined ? text.trimEnd().split("\n").length : Number(told);
  }
}

function readReport(report: Fields): ReadSource {
  const observations = isGuidellm(report) ? guidellmObservations(report) : vllmObservations(report);
  if (observations === undefined)
    return refused(1, "a result of vllm bench serve without single calls; run it with --save-result --save-detailed");
  if (observations.length === 0) return refused(1, "the report has no calls");
  return { observations, skipped: 0, leftOut: 0, problems: [] };
}

function readLines(text: string, { measured }: ReadOptions): ReadSource {
  const lines = text.split("\n");
  const observations: Observation[] = [];
  const problems: SourceProblem[] = [];
  let [skipped, leftOut] = [0, 0];
  for (const [index, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const read = parsed(line);
    if (!isObject(read)) {
      // A line that is still being written has no end.
      if (index === lines.length - 1) skipped += 1;
      else problems.push({ line: index + 1, message: "no JSON object" });
      continue;
    }
    const calls = callsOf(read, measured);
    if (calls === undefined) problems.push({ line: index + 1, message: `not understood; a source is ${knownFormats}` });
    else if (calls.length === 0) leftOut += 1;
    else for (const call of calls) observations.push(call);
  }
  return { observations, skipped, leftOut, problems };
}

/** The calls of a line; none for one that is left out, undefined for a line of no known format. */
function callsOf(line: Fields, measured: Measured): readonly Observation[] | undefined {
  if (isRecord(line)) return listOf(recordObservation(line, measured));
  if (isAiperf(line)) return listOf(aiperfObservation(line));
  if (isMooncake(line)) return [mooncakeObservation(line)];
  return isVllm(line) ? vllmObservations(line) : undefined;
}

function listOf(observation: Observation | undefined): readonly Observation[] {
  return observation === undefined ? [] : [observation];
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

function refused(line: number, message: string): ReadSource {
  return { observations: [], skipped: 0, leftOut: 0, problems: [{ line, message }] };
}

import { planCapacity, type CapacityPlan } from "../../core/capacity/plan.ts";
import { reportHtml, reportMarkdown, reportText, type Report } from "../../core/capacity/report/formats.ts";
import { planReport } from "../../core/capacity/report/plan.ts";
import { targetsReport } from "../../core/capacity/targets/report.ts";
import type { Load, Policy } from "../../core/capacity/types.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import { parseFlags, type Io } from "../args.ts";
import { exitCodes } from "../exit-codes.ts";
import { refuseToOverwrite, writeText } from "../profile/output.ts";
import { loadCosts, loadPolicy } from "./files.ts";

const kinds = {
  rps: "string",
  streams: "string",
  itl: "string",
  policy: "string",
  costs: "string",
  region: "string",
  cores: "string",
  seed: "string",
  targets: "boolean",
  output: "string",
  force: "boolean",
  json: "boolean",
  markdown: "boolean",
} as const;

type Flags = ReturnType<typeof parseFlags<typeof kinds>>;

/** `stuntdouble plan capacity` */
export async function capacity(args: readonly string[], io: Io): Promise<number> {
  const flags = parseFlags(args, kinds);
  const shape = shapeOf(flags);
  const target = flags.output === undefined ? undefined : { file: flags.output, force: flags.force === true };
  if (target !== undefined) refuseToOverwrite(target, io);
  const made = flags.targets === true ? await targetsOf(flags, io) : await planOf(flags, io);
  const text = textOf(made, shape);
  if (target === undefined) io.out(text);
  else await writeText(target, text, io);
  for (const missing of made.missing) io.err(`missing: ${missing}\n`);
  return made.missing.length === 0 ? exitCodes.good : exitCodes.failed;
}

type Made = { readonly report: Report; readonly json: unknown; readonly missing: readonly string[] };

async function planOf(flags: Flags, io: Io): Promise<Made> {
  const load = loadOf(flags);
  const seed = numberOf("seed", flags.seed ?? "1", { integer: true });
  const policy = withFlags(await loadPolicy(flags.policy, io), flags);
  const costs = await loadCosts(flags.costs, io);
  const plan = planCapacity({ load, policy, costs, seed });
  return { report: planReport(plan), json: plan satisfies CapacityPlan, missing: plan.missing };
}

async function targetsOf(flags: Flags, io: Io): Promise<Made> {
  const others = ["rps", "streams", "itl", "region", "cores", "policy"] as const;
  const given = others.filter((name) => flags[name] !== undefined);
  if (given.length > 0)
    throw new StuntdoubleError("CONFIG_INVALID", `--targets cannot be combined with --${given.join(", --")}.`);
  const seed = numberOf("seed", flags.seed ?? "1", { integer: true });
  const report = targetsReport({
    policy: await loadPolicy(undefined, io),
    costs: await loadCosts(flags.costs, io),
    seed,
  });
  return { report, json: report, missing: [] };
}

type Shape = "text" | "json" | "md" | "html";

function shapeOf({ output, json, markdown }: Flags): Shape {
  if (json === true && markdown === true)
    throw new StuntdoubleError("CONFIG_INVALID", "--json and --markdown cannot be combined.");
  if (output === undefined) return json === true ? "json" : markdown === true ? "md" : "text";
  if (json === true || markdown === true)
    throw new StuntdoubleError("CONFIG_INVALID", "-o FILE cannot be combined with --json or --markdown.");
  const [, ending = ""] = /\.([a-z]+)$/.exec(output) ?? [];
  const shapes: Readonly<Record<string, Shape>> = { html: "html", json: "json", md: "md", txt: "text" };
  const shape = Object.hasOwn(shapes, ending) ? shapes[ending] : undefined;
  if (shape !== undefined) return shape;
  throw new StuntdoubleError("CONFIG_INVALID", `-o FILE must end in .html, .json, .md or .txt, not "${output}".`);
}

function textOf({ report, json }: Made, shape: Shape): string {
  switch (shape) {
    case "html":
      return reportHtml(report);
    case "json":
      return `${JSON.stringify(json, undefined, 2)}\n`;
    case "md":
      return `${reportMarkdown(report)}\n`;
    case "text":
      return reportText(report);
  }
}

/** All of the traffic of the world is less; beyond it numbers say nothing, and a simulation does not end. */
const most = 1e9;
const leastItlMs = 0.01;

function loadOf({ rps, streams, itl }: Flags): Load {
  if (rps === undefined)
    throw new StuntdoubleError("CONFIG_INVALID", "--rps is missing, as in: stuntdouble plan capacity --rps 50000");
  const open = numberOf("streams", streams ?? "0", { most });
  if (open > 0 && itl === undefined)
    throw new StuntdoubleError("CONFIG_INVALID", "--streams needs --itl, the milliseconds between two tokens.");
  const itlMs = itl === undefined ? 1 : numberOf("itl", itl, { above: true });
  if (itlMs < leastItlMs)
    throw new StuntdoubleError("CONFIG_INVALID", `--itl must be at least ${leastItlMs}, not "${itl}".`);
  return { rps: numberOf("rps", rps, { above: true, most }), streams: open, itlMs };
}

type NumberKind = { readonly integer?: boolean; readonly above?: boolean; readonly most?: number };

function numberOf(flag: string, text: string, { integer = false, above = false, most = Infinity }: NumberKind): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  const fits =
    Number.isFinite(value) && value >= 0 && (!above || value > 0) && (!integer || Number.isSafeInteger(value));
  if (fits && value > most)
    throw new StuntdoubleError("CONFIG_INVALID", `--${flag} must be at most ${most}, not "${text}".`);
  if (fits) return value;
  const wanted = integer ? "an integer from 0 on" : above ? "a number above 0" : "a number from 0 on";
  throw new StuntdoubleError("CONFIG_INVALID", `--${flag} must be ${wanted}, not "${text}".`);
}

function withFlags(policy: Policy, { region, cores }: Flags): Policy {
  const sized =
    cores === undefined ? policy : withCores(policy, numberOf("cores", cores, { integer: true, above: true }));
  if (region === undefined) return sized;
  const regions = regionsOf(region);
  const several = Object.keys(regions).length > 1;
  return { ...sized, regions, reserve: several ? "region" : sized.reserve === "region" ? "zone" : sized.reserve };
}

function withCores(policy: Policy, cores: number): Policy {
  const found = Object.entries(policy.instances).find(([, instance]) => instance.cores === cores);
  if (found !== undefined) return { ...policy, node: { ...policy.node, instance: found[0] } };
  const known = Object.values(policy.instances).map((instance) => instance.cores);
  throw new StuntdoubleError(
    "CONFIG_INVALID",
    `the policy has no instance with ${cores} cores, only with ${known.join(", ")}; add one under instances.`,
  );
}

function regionsOf(text: string): Policy["regions"] {
  const parts = text.split(",").map((part) => part.split("="));
  const regions: Record<string, number> = {};
  for (const [name = "", share = "", ...more] of parts) {
    if (name === "" || share === "" || more.length > 0 || Object.hasOwn(regions, name))
      throw new StuntdoubleError("CONFIG_INVALID", `--region must be like us-east-1=60,eu-west-1=40, not "${text}".`);
    regions[name] = numberOf("region", share, { above: true });
  }
  const sum = Object.values(regions).reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 100) <= 0.1) return regions;
  throw new StuntdoubleError("CONFIG_INVALID", `--region: the shares must add up to 100 percent, not ${sum}.`);
}

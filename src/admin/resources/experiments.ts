import { z } from "zod";
import type { RunView } from "../../core/experiments/run.ts";
import type { RunningExperiment } from "../../core/experiments/layer.ts";
import { isReportFormat, reportFormatNames, reportFormats } from "../../core/experiments/report/formats.ts";
import { sumOfPhases, type SeenByPhase } from "../../core/experiments/phases.ts";
import { preferredType } from "../accept.ts";
import { ProblemError } from "../problem.ts";
import { question, type State } from "../question.ts";
import type { Experiments } from "../chaos.ts";
import { sends } from "../described.ts";
import { listed, next, paging } from "../list.ts";
import { pageOf, type Key } from "../page.ts";
import { oneOf } from "../parameters.ts";
import { experimentReport, experimentRun, experimentToStart } from "../shapes/experiments.ts";
import { json, route, type Resource } from "../resource.ts";

/** The experiments that run, as JSON. */
export const runningExperiments: State<string> = { name: "running-experiments", initial: "[]" };

/** As the value of the state. */
export function writeRunning(running: readonly RunningExperiment[]): string {
  return JSON.stringify(running);
}

/** As an event loop takes them up. */
export function readRunning(state: string): readonly RunningExperiment[] {
  // Only `writeRunning` makes it.
  const running: readonly RunningExperiment[] = JSON.parse(state);
  return running;
}

/** What was seen of each running experiment since the last time, by id. */
export const experimentsSeen = question({
  name: "experiments-seen",
  reply: (loop): { readonly [id: string]: SeenByPhase } => loop.experiments.take(),
  merge: (replies): { readonly [id: string]: SeenByPhase } => {
    const ids = new Set(replies.flatMap((reply) => Object.keys(reply)));
    return Object.fromEntries([...ids].map((id) => [id, sumOfPhases(replies.flatMap((reply) => reply[id] ?? []))]));
  },
});

/** Lets the calls under way go on which only that experiment acts, or all calls; how many they were. */
export const letCallsGo = question({
  name: "let-calls-go",
  reply: (loop, id: string | undefined): number => loop.experiments.letGo(id),
  merge: (replies): number => replies.reduce((sum, each) => sum + each, 0),
});

/** More than are kept. */
const maxListed = 1000;

const path = "/admin/v1/experiments";

/** `/admin/v1/experiments`: starts, shows and stops experiments. */
export const experiments: Resource = {
  questions: [experimentsSeen, letCallsGo],
  routes: [
    route({
      method: "GET",
      path,
      summary: "the experiments that run and the latest that have ended, and whether the kill switch is on",
      parameters: paging(maxListed),
      responds: sends(z.object({ killSwitch: z.boolean(), experiments: z.array(experimentRun), next })),
      isVersioned: true,
      respond({ node: { experiments: all }, query: { limit = maxListed, cursor }, linkTo }) {
        const keyOf = ({ createdAt, id }: RunView): Key => [Date.parse(createdAt), id];
        const page = pageOf(all.list(), { limit: Number(limit), cursor, keyOf, isDescending: true });
        return listed("experiments", page, { linkTo, more: { killSwitch: all.killed() }, version: versionOfAll(all) });
      },
    }),
    route({
      method: "POST",
      path,
      summary: "starts an experiment, sent as JSON or named as `configured`; 400 with every error of it",
      body: { schema: experimentToStart },
      responds: sends(experimentRun, 201),
      refuses: [403, 409],
      isVersioned: true,
      async respond({ node, body, by, from, requireVersion }) {
        requireVersion(versionOfAll(node.experiments));
        return json(await node.experiments.start(body, by, from), 201);
      },
    }),
    route({
      method: "GET",
      path: `${path}/:id`,
      summary: "one experiment, with its report as JSON",
      responds: sends(experimentReport),
      refuses: [404],
      isVersioned: true,
      respond({ node, id }) {
        const report = node.experiments.find(id);
        if (report === undefined) throw unknown();
        return json(report, 200, versionOf(report));
      },
    }),
    route({
      method: "GET",
      path: `${path}/:id/report`,
      summary: "the report on one experiment, in the `format` that is asked for, else by the Accept header",
      parameters: { format: oneOf(reportFormatNames) },
      responds: reportFormatNames.map((name) => ({
        type: reportFormats[name].type,
        ...(name === "json" && { schema: experimentReport }),
      })),
      refuses: [404, 406],
      respond({ node, id, accept, query: { format } }) {
        const report = node.experiments.find(id);
        if (report === undefined) throw unknown();
        const name = format ?? formatOf(accept);
        if (name === undefined || !isReportFormat(name))
          throw new ProblemError(406, `A report is ${types.join(", ")}.`);
        const { type, write } = reportFormats[name];
        return { status: 200, type: `${type}; charset=utf-8`, text: `${write(report)}\n` };
      },
    }),
    route({
      method: "DELETE",
      path: `${path}/:id`,
      summary: "stops an experiment, and lets its calls under way go",
      responds: sends(experimentRun),
      refuses: [404],
      isVersioned: true,
      async respond({ node, id, by, from, requireVersion }) {
        const before = node.experiments.find(id);
        if (before !== undefined) requireVersion(versionOf(before));
        const stopped = await node.experiments.stop(id, by, from);
        if (stopped === undefined) throw unknown();
        return json(stopped);
      },
    }),
    route({
      method: "POST",
      path: `${path}/stop`,
      summary: "the kill switch: stops every experiment, lets calls under way go, and no fault acts until `resume`",
      responds: sends(z.object({ killSwitch: z.boolean(), stopped: z.array(experimentRun) })),
      async respond({ node, by, from }) {
        return json({ killSwitch: true, stopped: await node.experiments.stopAll(by, from) });
      },
    }),
    route({
      method: "POST",
      path: `${path}/resume`,
      summary: "turns the kill switch off; faults of rules act again, experiments stay stopped",
      responds: sends(z.object({ killSwitch: z.boolean() })),
      respond({ node, by, from }) {
        node.experiments.resume(by, from);
        return json({ killSwitch: node.experiments.killed() });
      },
    }),
  ],
};

function versionOf({ id, state }: RunView): string {
  return `${id} ${state}`;
}

function versionOfAll(all: Experiments): string {
  return `${String(all.killed())} ${all.list().map(versionOf).join()}`;
}

const types = reportFormatNames.map((name) => reportFormats[name].type);

function formatOf(accept: string | undefined): string | undefined {
  const type = preferredType(accept, types);
  return reportFormatNames.find((name) => reportFormats[name].type === type);
}

function unknown(): ProblemError {
  return new ProblemError(
    404,
    "There is no experiment of this id; GET /admin/v1/experiments lists those that are known.",
  );
}

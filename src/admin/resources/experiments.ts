import type { RunningExperiment } from "../../core/experiments/layer.ts";
import { markdownOf } from "../../core/experiments/markdown.ts";
import { sumOf, type Seen } from "../../core/experiments/window.ts";
import { ProblemError } from "../problem.ts";
import { question, type State } from "../question.ts";
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
  reply: (loop): { readonly [id: string]: Seen } => loop.experiments.take(),
  merge: (replies): { readonly [id: string]: Seen } => {
    const ids = new Set(replies.flatMap((reply) => Object.keys(reply)));
    return Object.fromEntries([...ids].map((id) => [id, sumOf(replies.flatMap((reply) => reply[id] ?? []))]));
  },
});

/** Lets the calls under way go on which only that experiment acts, or all calls; how many they were. */
export const letCallsGo = question({
  name: "let-calls-go",
  reply: (loop, id: string | undefined): number => loop.experiments.letGo(id),
  merge: (replies): number => replies.reduce((sum, each) => sum + each, 0),
});

const path = "/admin/v1/experiments";
const isForm = (value: string): boolean => value === "json" || value === "markdown";

/** `/admin/v1/experiments`: starts, shows and stops experiments. */
export const experiments: Resource = {
  questions: [experimentsSeen, letCallsGo],
  routes: [
    route({
      method: "GET",
      path,
      summary: "the experiments that run and the latest that have ended, and whether the kill switch is on",
      respond: ({ node }) => json({ killSwitch: node.experiments.killed(), experiments: node.experiments.list() }),
    }),
    route({
      method: "POST",
      path,
      summary: "starts an experiment, sent as JSON; 400 with every error of it",
      async respond({ node, body, by }) {
        return json(await node.experiments.start(body, by), 201);
      },
    }),
    route({
      method: "GET",
      path: `${path}/:id`,
      summary: "the report on one experiment, as JSON or, with `format=markdown`, as Markdown",
      parameters: { format: { allowed: "json or markdown", accepts: isForm } },
      respond({ node, id, query: { format } }) {
        const report = node.experiments.find(id);
        if (report === undefined) throw unknown();
        if (format !== "markdown") return json(report);
        return { status: 200, type: "text/markdown; charset=utf-8", text: `${markdownOf(report)}\n` };
      },
    }),
    route({
      method: "DELETE",
      path: `${path}/:id`,
      summary: "stops an experiment, and lets its calls under way go",
      async respond({ node, id, by }) {
        const stopped = await node.experiments.stop(id, by);
        if (stopped === undefined) throw unknown();
        return json(stopped);
      },
    }),
    route({
      method: "POST",
      path: `${path}/stop`,
      summary: "the kill switch: stops every experiment, lets calls under way go, and no fault acts until `resume`",
      async respond({ node, by }) {
        return json({ killSwitch: true, stopped: await node.experiments.stopAll(by) });
      },
    }),
    route({
      method: "POST",
      path: `${path}/resume`,
      summary: "turns the kill switch off; faults of rules act again, experiments stay stopped",
      respond({ node, by }) {
        node.experiments.resume(by);
        return json({ killSwitch: node.experiments.killed() });
      },
    }),
    route({
      method: "GET",
      path: "/admin/v1/audit",
      summary: "what was done with experiments and the kill switch, by whom, the newest first",
      respond: ({ node }) => json({ entries: node.experiments.audit() }),
    }),
  ],
};

function unknown(): ProblemError {
  return new ProblemError(
    404,
    "There is no experiment of this id; GET /admin/v1/experiments lists those that are known.",
  );
}

import { changedExperiment, type WrittenExperiment } from "../../core/experiments/written.ts";
import type { Asker } from "../audit.ts";
import { ProblemError } from "../problem.ts";
import { route, type AdminRequest, type AdminResponse, type NodeView, type Route } from "../resource.ts";
import { readForcing } from "../resources/breakers.ts";
import { mapOf } from "./form.ts";
import type { PageName, View } from "./view/types.ts";

/** What a form sent, by the names of its fields. */
type Fields = ReturnType<typeof mapOf>;

/** What a form does: the page that shows what has become of it, and how it is done. */
type Action = {
  readonly page: PageName;
  /** @throws ProblemError where it is refused */
  run(node: NodeView, fields: Fields, asker: Asker): Promise<void>;
};

/** What forms of the dashboard do. */
const done: Readonly<Record<string, Action>> = {
  start: {
    page: "chaos",
    async run(node, fields, { by, from }) {
      await node.experiments.start(await wantedExperiment(node, fields), by, from);
    },
  },
  stop: {
    page: "chaos",
    async run(node, { id = "" }, { by, from }) {
      const run = await node.experiments.stop(id, by, from);
      if (run === undefined) throw new ProblemError(404, "There is no such experiment any more.");
    },
  },
  "stop-all": {
    page: "chaos",
    async run(node, _fields, { by, from }) {
      await node.experiments.stopAll(by, from);
    },
  },
  resume: { page: "chaos", run: async (node, _fields, { by, from }) => node.experiments.resume(by, from) },
  "force-breaker": {
    page: "upstreams",
    async run(node, { upstream = "", state, minutes }, asker) {
      await node.breakers.force(upstream, readForcing({ state, forMs: msOf(minutes) }), asker);
    },
  },
  "release-breaker": {
    page: "upstreams",
    async run(node, { upstream = "" }, asker) {
      await node.breakers.release(upstream, asker);
    },
  },
};

/** Shows a page with why something was refused, and what was in the fields of the form. */
export type ShowRefused = (
  page: PageName,
  request: AdminRequest,
  refused: Required<Pick<View, "notice" | "draft">>,
) => Promise<AdminResponse>;

/** `POST /dashboard/do/ACTION` */
export function createActions(showRefused: ShowRefused): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/dashboard/do/:id",
      summary: "what forms of the dashboard do: start, stop, stop-all, resume, force-breaker, release-breaker",
      async respond(request) {
        const action = Object.hasOwn(done, request.id) ? done[request.id] : undefined;
        if (action === undefined) throw new ProblemError(404, "The dashboard has no such action.");
        const fields = mapOf(request.body);
        const refused = await refusalOf(action.run(request.node, fields, { by: request.by, from: request.from }));
        if (refused !== undefined) return await showRefused(action.page, request, { notice: refused, draft: fields });
        return {
          status: 303,
          type: "text/plain; charset=utf-8",
          text: "",
          headers: { location: `/dashboard/${action.page}` },
        };
      },
    }),
  ];
}

/** Why it was refused; undefined where it went well. */
async function refusalOf(action: Promise<void>): Promise<string | undefined> {
  try {
    await action;
    return undefined;
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return textOf(error);
    throw error;
  }
}

/** One thing that is wrong, as problems tell it. */
type Wrong = {
  readonly path?: string;
  readonly message?: string;
  readonly allowed?: readonly string[];
  readonly nearest?: string;
};

function textOf({ message, more }: ProblemError): string {
  const { errors } = more;
  return Array.isArray(errors) ? [message, ...errors.map(lineOf)].join("\n") : message;
}

function lineOf({ path = "", message = "", allowed = [], nearest }: Wrong): string {
  const choice = allowed.length > 0 ? `; allowed: ${allowed.join(", ")}` : "";
  const meant = nearest === undefined ? "" : `; did you mean ${nearest}?`;
  return `${path === "" ? "experiment" : path}: ${message}${choice}${meant}`;
}

async function wantedExperiment(node: NodeView, fields: Fields): Promise<unknown> {
  const { experiment = "", configured, preset } = fields;
  if (configured !== undefined) return { configured };
  if (preset === undefined) return node.experimentTexts.read(experiment);
  const found = (await node.experimentTexts.presets()).find(({ name }) => name === preset);
  if (found === undefined) throw new ProblemError(404, "There is no such preset.");
  return scoped(found.experiment, fields);
}

/** A preset with what its form says. Numbers that are none are refused by the check of experiments. */
function scoped(experiment: WrittenExperiment, { percentage, minutes, ...fields }: Fields): WrittenExperiment {
  return changedExperiment(experiment, {
    match: matchOf(fields),
    percentage: percentage === undefined ? undefined : Number(percentage),
    durationMs: minutes === undefined ? undefined : msOf(minutes),
  });
}

function matchOf({ model = "", header = "", value = "", key = "" }: Fields): unknown {
  if (header === "" && value !== "")
    throw new ProblemError(400, "A value was given without the name of its header; nothing was started.");
  return {
    ...(model !== "" && { model }),
    ...(key !== "" && { key }),
    ...(header !== "" && { header: { [header]: value === "" ? "*" : value } }),
  };
}

function msOf(minutes: string | undefined): number {
  return Math.round(Number(minutes) * 60_000);
}

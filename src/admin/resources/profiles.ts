import { z } from "zod";
import { previewPage } from "../../core/simulator/preview/page.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { fitInThread } from "../fit.ts";
import { ProblemError } from "../problem.ts";
import { sends } from "../described.ts";
import { matching, textOf } from "../parameters.ts";
import { json, route, type NodeView, type Resource } from "../resource.ts";
import { learnedModels, readLearned } from "./learned.ts";
import { latestRecords } from "./records.ts";
import { mirrored } from "./shadow.ts";

/** Calls below which no profile is fitted. */
const minCalls = 100;
/** The latest calls that a profile is fitted to. */
const maxCalls = 20_000;

const path = "/admin/v1/profiles";
const listedProfile = z.object({ name: z.string(), description: z.string(), models: z.array(z.string()) });

/** `/admin/v1/profiles`: shows the latency profiles, and fits one to the calls of the node. */
export const profiles: Resource = {
  routes: [
    route({
      method: "GET",
      path,
      summary: "the latency profiles that there are: names, models, descriptions",
      responds: sends(z.object({ profiles: z.array(listedProfile) })),
      respond: ({ node }) =>
        json({
          profiles: allProfiles(node).map(({ name, description, models }) => ({ name, description, models })),
        }),
    }),
    route({
      method: "GET",
      path: `${path}/preview`,
      summary: "a latency profile as a page with plots",
      parameters: { profile: textOf("the name of a profile") },
      responds: { type: "text/html" },
      refuses: [404],
      respond({ node, query: { profile = "default" } }) {
        const found = allProfiles(node).find(({ name }) => name === profile);
        if (found === undefined) throw new ProblemError(404, "There is no profile of this name.");
        return { status: 200, type: "text/html; charset=utf-8", text: previewPage(found) };
      },
    }),
    route({
      method: "GET",
      path: `${path}/fit`,
      summary:
        "a latency profile fitted to the real calls of a model that the node remembers, as a YAML file to download",
      parameters: {
        model: { ...textOf("the name of a model"), isRequired: true },
        name: matching(/^[\w.-]{1,100}$/, "letters, digits, dots, dashes and underscores"),
      },
      responds: { type: "application/yaml" },
      refuses: [409],
      async respond({ node, query: { model, name } }) {
        if (model === undefined) throw new ProblemError(400, "The parameter model is missing.");
        const file = name ?? nameFor(model);
        const text = await fitted(node, model, file);
        const headers = { "content-disposition": `attachment; filename="${file}.yaml"` };
        return { status: 200, type: "application/yaml; charset=utf-8", text, headers };
      },
    }),
  ],
};

function allProfiles(node: NodeView) {
  const learned = readLearned(node.get(learnedModels)).flatMap(({ profile }) => profile ?? []);
  return [...node.profiles.all(), ...learned];
}

/** @throws ProblemError 409 where there are too few calls */
async function fitted(node: NodeView, model: string, name: string): Promise<string> {
  const base = node.profiles.all().find((profile) => profile.name === "default");
  if (base === undefined)
    throw new ProblemError(409, "There is no profile named default, which stands for what is not told.");
  const wanted = { sinceMs: 0, untilMs: undefined, model, limit: maxCalls };
  const records =
    (await node.ask(latestRecords, wanted)) ?? (await node.ask(mirrored, 0)).filter((record) => record.model === model);
  const date = new Date(wallClockMs()).toISOString().slice(0, 10);
  const fit = await fitInThread({
    records: records.slice(-maxCalls),
    options: { name, models: [model], date, minCalls, base },
  });
  if (fit.ok) return node.profiles.text(fit.profile);
  throw new ProblemError(409, `There are not enough real calls of this model: ${fit.reasons.join("; ")}.`);
}

function nameFor(model: string): string {
  return model.replaceAll(/[^\w.-]/g, "-").slice(0, 100);
}

import { z } from "zod";
import type { LearnedModel } from "../../core/learning/profile.ts";
import type { CallsOfModel } from "../../core/learning/types.ts";
import { ProblemError } from "../problem.ts";
import { question, type State } from "../question.ts";
import { sends } from "../described.ts";
import { learnedModel, profile } from "../shapes/node.ts";
import { json, route, type Resource } from "../resource.ts";

/** What was learned, a list of `LearnedModel` as JSON. */
export const learnedModels: State<string> = { name: "learned-models", initial: "[]" };

/** @param text as `writeLearned` makes it */
export function readLearned(text: string): readonly LearnedModel[] {
  // The main thread alone writes it.
  return JSON.parse(text);
}

export function writeLearned(models: readonly LearnedModel[]): string {
  return JSON.stringify(models);
}

/** The calls that event loops have noted since they were last asked. */
export const callsToLearn = question({
  name: "callsToLearn",
  reply: ({ learner }) => learner.take(),
  merge: (replies): readonly CallsOfModel[] => replies.flat(),
});

/** `/admin/v1/profiles/learned` */
export const learned: Resource = {
  questions: [callsToLearn],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/profiles/learned",
      summary: "what was learned of the timing of upstreams, by model, and whether it is enough",
      responds: sends(z.object({ models: z.array(learnedModel) })),
      respond: ({ node }) => json({ models: readLearned(node.get(learnedModels)).map(summaryOf) }),
    }),
    route({
      method: "GET",
      path: "/admin/v1/profiles/learned/:id",
      summary: "one learned profile, by its name",
      responds: sends(profile),
      refuses: [404],
      respond({ node, id }) {
        const found = readLearned(node.get(learnedModels)).find(({ name }) => name === id);
        if (found === undefined) throw new ProblemError(404, "Nothing was learned under that name.");
        if (found.profile !== undefined) return json(found.profile);
        const { effectiveStreams } = found;
        throw new ProblemError(404, `Not enough was learned: ${effectiveStreams} streams, counted by their age.`);
      },
    }),
  ],
};

function summaryOf({ profile, since, until, ...counts }: LearnedModel) {
  const isEnough = profile !== undefined;
  return { ...counts, since: new Date(since).toISOString(), until: new Date(until).toISOString(), isEnough };
}

import { ProblemError } from "../problem.ts";
import { route, type AdminRequest, type AdminResponse, type Route } from "../resource.ts";
import { mapOf } from "./form.ts";

/** What forms of the dashboard do. Each responds with the page that shows what has become of it. */
const done: Readonly<Record<string, (request: AdminRequest) => Promise<string | undefined>>> = {
  async start({ node, body, by }) {
    const { experiment, configured } = mapOf(body);
    await node.experiments.start(configured === undefined ? parsed(experiment) : { configured }, by);
    return undefined;
  },
  async stop({ node, body, by }) {
    const run = await node.experiments.stop(mapOf(body)["id"] ?? "", by);
    return run === undefined ? "There is no such experiment any more." : undefined;
  },
  async "stop-all"({ node, by }) {
    await node.experiments.stopAll(by);
    return undefined;
  },
  async resume({ node, by }) {
    node.experiments.resume(by);
    return undefined;
  },
};

/** `POST /dashboard/do/ACTION` */
export const actions: readonly Route[] = [
  route({
    method: "POST",
    path: "/dashboard/do/:id",
    summary: "what forms of the dashboard do: start, stop, stop-all, resume",
    async respond(request) {
      const action = Object.hasOwn(done, request.id) ? done[request.id] : undefined;
      if (action === undefined) throw new ProblemError(404, "The dashboard has no such action.");
      return seeChaos(await reasonOf(action(request)));
    },
  }),
];

/** Why it was refused; undefined where it went well. */
async function reasonOf(action: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await action;
  } catch (error) {
    if (error instanceof ProblemError && error.status < 500) return textOf(error);
    throw error;
  }
}

function textOf({ message, more }: ProblemError): string {
  const { errors } = more;
  if (!Array.isArray(errors)) return message;
  return [
    message,
    ...errors.map((each: { path?: string; message?: string }) => `${each.path ?? ""}: ${each.message ?? ""}`),
  ].join("\n");
}

function seeChaos(notice: string | undefined): AdminResponse {
  const query = notice === undefined ? "" : `?notice=${encodeURIComponent(notice)}`;
  return {
    status: 303,
    type: "text/plain; charset=utf-8",
    text: "",
    headers: { location: `/dashboard/chaos${query}` },
  };
}

function parsed(text = ""): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProblemError(400, `The experiment is no JSON: ${error instanceof Error ? error.message : ""}`);
  }
}

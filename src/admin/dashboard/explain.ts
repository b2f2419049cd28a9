import { wallClockMs } from "../../limits/clock.ts";
import { StuntdoubleError } from "../../core/errors.ts";
import type { GivenRequest } from "../configuration.ts";
import { ProblemError } from "../problem.ts";
import { route, type NodeView, type Route } from "../resource.ts";
import { pageDocument } from "./document.ts";
import { mapOf } from "./form.ts";
import type { Live } from "./live.ts";
import { filterOf } from "./view/filter.ts";
import { partsOf } from "./view/needs.ts";
import type { AskedRequest } from "./view/types.ts";

/** `POST /dashboard/rules`: the page of the rules, with what would happen to the request of its form. */
export function explainRoute(live: Live): Route {
  return route({
    method: "POST",
    path: "/dashboard/:id",
    summary: "the page rules, with what would happen to the request that its form describes",
    async respond({ id, node, body, page }) {
      if (id !== "rules") throw new ProblemError(405, "Only the page rules takes a form.");
      const { method = "", path = "", headers = "", body: text = "" } = mapOf(body);
      const asked = await answered({ method, path, headers, body: text }, node);
      const state = await live.state(partsOf.rules);
      const filter = filterOf(() => undefined);
      const warnings = node.configuration.warnings();
      const view = { page: "rules", nowMs: wallClockMs(), filter, configured: [], warnings, asked, ...page() } as const;
      return pageDocument({ state, view });
    },
  });
}

async function answered(asked: AskedRequest, { configuration }: NodeView): Promise<AskedRequest> {
  try {
    return { ...asked, explained: await configuration.explain(requestOf(asked)) };
  } catch (error) {
    if (error instanceof StuntdoubleError) return { ...asked, refused: error.message };
    throw error;
  }
}

/** @throws CONFIG_INVALID for what no request can be made of */
function requestOf({ method, path, headers, body }: AskedRequest): GivenRequest {
  if (!/^\S+$/.test(method)) throw invalid("The method must be one word.");
  if (!/^\S+$/.test(path)) throw invalid("The path must have no spaces.");
  const lines = headers.split(/\r?\n/).filter((line) => line.trim() !== "");
  return {
    method,
    path,
    headers: lines.map((line) => {
      const [, name, value] = /^([^:\s]+):\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) throw invalid(`"${line.slice(0, 80)}" is no header, name: value.`);
      return [name, value] as const;
    }),
    body: body === "" ? undefined : body,
  };
}

function invalid(message: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", message);
}

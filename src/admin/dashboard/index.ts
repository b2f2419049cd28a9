import { Readable } from "node:stream";
import { ProblemError } from "../problem.ts";
import { route, type AdminRequest, type AdminResponse, type NodeView, type Route } from "../resource.ts";
import { timings } from "../resources/shadow.ts";
import { latest } from "../resources/requests.ts";
import { wallClockMs, type Clock } from "../../limits/clock.ts";
import { actions } from "./actions.ts";
import { createAssets } from "./assets.ts";
import { pageDocument } from "./document.ts";
import { createLive, type Live } from "./live.ts";
import { dashboardStyle } from "./style.ts";
import { isPage, type PageName, type View } from "./view/types.ts";

/** The stream that the pages follow. */
export const liveRoute = {
  method: "GET",
  path: "/admin/v1/live",
  summary: "what the dashboard shows, as server-sent events: the whole state, then each second what has changed",
  responds: { type: "text/event-stream" },
} as const;

/** The pages that people look at. */
export type Dashboard = {
  readonly routes: readonly Route[];
  /** The page at `/`. */
  overview(request: AdminRequest): Promise<AdminResponse>;
  close(): void;
};

const text = { allowed: "any text", accepts: () => true };
const pageParameters = { id: text, text, mode: text, notice: text };

/** Makes the dashboard of a node. */
export function createDashboard(node: NodeView, clock: Clock): Dashboard {
  const live = createLive({ node, now: wallClockMs, clock });
  const streams = createStreams(live);
  const overview = (request: AdminRequest): Promise<AdminResponse> => respondWith("overview", request, live);
  return {
    overview,
    close: streams.end,
    routes: [
      route({
        ...liveRoute,
        respond: () => ({ status: 200, type: "text/event-stream", text: streams.open() }),
      }),
      route({
        method: "GET",
        path: "/dashboard/:id",
        summary: "a page of the dashboard: requests, rules, chaos, shadow, upstreams or config",
        parameters: pageParameters,
        respond: (request) => respondWith(request.id, request, live),
      }),
      ...files,
      ...actions,
    ],
  };
}

const assets = createAssets();

/** What a page loads. */
const files: readonly Route[] = [
  route({
    method: "GET",
    path: "/dashboard/style.css",
    summary: "the style of the dashboard",
    respond: () => ({ status: 200, type: "text/css; charset=utf-8", text: dashboardStyle }),
  }),
  route({
    method: "GET",
    path: "/dashboard/modules/*",
    summary: "the script of the dashboard",
    async respond({ id }) {
      const found = await assets.module(id);
      if (found === undefined) throw new ProblemError(404, "The dashboard has no such module.");
      return { status: 200, type: "text/javascript; charset=utf-8", text: found.text };
    },
  }),
];

type Asked = AdminRequest<keyof typeof pageParameters>;

async function respondWith(page: string, request: Asked, live: Live): Promise<AdminResponse> {
  if (!isPage(page)) throw new ProblemError(404, "The dashboard has no such page.");
  const state = await live.state();
  return pageDocument({ state, view: await viewOf(page, request) });
}

async function viewOf(page: PageName, { node, query, page: ofPage }: Asked): Promise<View> {
  const call = query.id === undefined || page !== "requests" ? [] : await node.ask(latest, { id: query.id }, 1);
  return {
    page,
    ...ofPage(),
    nowMs: wallClockMs(),
    filter: { text: query.text ?? "", mode: query.mode ?? "" },
    call: call[0],
    shadow: page === "shadow" ? await node.ask(timings) : undefined,
    config: page === "config" ? JSON.stringify(node.config(), undefined, 2) : undefined,
    configured: page === "chaos" ? node.parts().experiments : [],
    notice: query.notice,
  };
}

/** The state and what changes of it, as server-sent events, for all who read. */
function createStreams(live: Live): { open(): Readable; end(): void } {
  const open = new Set<Readable>();
  return {
    open() {
      const events = eventsOf(live, () => open.delete(events));
      open.add(events);
      return events;
    },
    end() {
      for (const events of open) events.push(null);
      live.close();
    },
  };
}

function eventsOf(live: Live, closed: () => void): Readable {
  let stop = (): void => undefined;
  let isFirst = true;
  const events = new Readable({
    read: () => undefined,
    destroy(error, done) {
      stop();
      closed();
      done(error);
    },
  });
  stop = live.watch((delta) => {
    const event = isFirst ? "state" : "delta";
    isFirst = false;
    // One who does not read any more is let go: the browser asks again, and gets the whole state.
    if (events.readableLength > maxUnread) events.destroy();
    else events.push(`event: ${event}\ndata: ${JSON.stringify(delta)}\n\n`);
  });
  return events;
}

const maxUnread = 4 * 1024 * 1024;

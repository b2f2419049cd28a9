import { Readable } from "node:stream";
import { ProblemError } from "../problem.ts";
import type { Parameter } from "../parameters.ts";
import { json, route, type AdminRequest, type AdminResponse, type NodeView, type Route } from "../resource.ts";
import { timings } from "../resources/shadow.ts";
import { liveState } from "../shapes/live.ts";
import type { Json } from "../../core/json.ts";
import type { Outcome } from "../../core/types.ts";
import { latest } from "../resources/requests.ts";
import { wallClockMs, type Clock } from "../../limits/clock.ts";
import { createActions } from "./actions.ts";
import { createScript } from "./script.ts";
import { pageDocument } from "./document.ts";
import { createLive, type Live } from "./live.ts";
import { presetView } from "./presets.ts";
import { dashboardStyle } from "./style.ts";
import { createVerdicts, type Verdicts } from "./verdicts.ts";
import { explainRoute } from "./explain.ts";
import { filterOf } from "./view/filter.ts";
import { liveParts, type LivePart } from "./state.ts";
import { partsOf } from "./view/needs.ts";
import { isPage, type PageName, type View } from "./view/types.ts";

/** The stream that the pages follow. */
export const liveRoute = {
  method: "GET",
  path: "/admin/v1/live",
  summary: "what the dashboard shows, as server-sent events: the whole state, then each second what has changed",
  parameters: {
    parts: {
      allowed: `some of ${liveParts.join(", ")}, with commas between; default: all`,
      accepts: (value) => value.split(",").every(isPart),
      schema: { type: "string", pattern: `^(${liveParts.join("|")})(,(${liveParts.join("|")}))*$` },
    } satisfies Parameter,
  },
  responds: {
    type: "text/event-stream",
    schema: liveState,
    events: {
      state: "the first event: all parts that are asked for",
      delta: "each second: the parts that have changed; of `traffic` and `calls` only what is new",
    },
  },
} as const;

function isPart(name: string): name is LivePart {
  return liveParts.some((part) => part === name);
}

/** The pages that people look at. */
export type Dashboard = {
  readonly routes: readonly Route[];
  /** The page at `/`. */
  overview(request: AdminRequest): Promise<AdminResponse>;
  close(): void;
};

const text = { allowed: "any text", accepts: () => true };
const filters = { text, rule: text, model: text, key: text, mode: text, ending: text, injected: text };
const pageParameters = { id: text, ...filters };

/** Makes the dashboard of a node. */
export function createDashboard(node: NodeView, clock: Clock): Dashboard {
  const live = createLive({ node, now: wallClockMs, clock });
  const verdicts = createVerdicts({ node, now: wallClockMs, clock });
  const streams = createStreams(live);
  const overview = (request: AdminRequest): Promise<AdminResponse> =>
    respondWith("overview", request, { live, verdicts });
  return {
    overview,
    close: streams.end,
    routes: [
      liveStream(streams),
      route({
        method: "GET",
        path: "/dashboard/:id",
        summary: "a page of the dashboard: requests, rules, chaos, shadow, upstreams or config",
        parameters: pageParameters,
        respond: (request) => respondWith(request.id, request, { live, verdicts }),
      }),
      route({
        method: "GET",
        path: "/dashboard/verdict",
        summary: "what the page Shadow shows: timings by model, and the latest verdict",
        async respond() {
          const verdict = await verdicts.latest(verdictPatienceMs.script);
          return json({ shadow: await node.ask(timings), verdict } satisfies Json);
        },
      }),
      explainRoute(live),
      ...files,
      ...createActions((page, request, refused) =>
        respondWith(page, { ...request, query: {} }, { live, verdicts, refused }),
      ),
    ],
  };
}

function liveStream(streams: Streams): Route {
  return route({
    ...liveRoute,
    respond: ({ query: { parts } }) => ({
      status: 200,
      type: "text/event-stream",
      text: streams.open(parts === undefined ? liveParts : [...new Set(parts.split(",").filter(isPart))]),
    }),
  });
}

const script = createScript();

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
    path: "/dashboard/script.js",
    summary: "the script of the dashboard",
    async respond() {
      const { text, version } = await script();
      // The browser keeps it, and asks whether it is still the same.
      const headers = { "cache-control": "no-cache" };
      return { status: 200, type: "text/javascript; charset=utf-8", text, version, headers };
    },
  }),
];

type Asked = AdminRequest<keyof typeof pageParameters>;

/** What a page shows besides what is asked for. */
type Shown = { readonly live: Live; readonly verdicts: Verdicts; readonly refused?: Pick<View, "notice" | "draft"> };

/** How long a page, and what its script asks for, waits for a new verdict. */
const verdictPatienceMs = { page: 500, script: 10_000 };

async function respondWith(page: string, request: Asked, { live, verdicts, refused }: Shown): Promise<AdminResponse> {
  if (!isPage(page)) throw new ProblemError(404, "The dashboard has no such page.");
  // It is ready when the browser asks for it.
  script().catch(() => undefined);
  const state = await live.state(partsOf[page]);
  return pageDocument({
    state,
    view: { ...(await viewOf(page, request)), ...(await shadowView(page, request.node, verdicts)), ...refused },
  });
}

async function viewOf(page: PageName, { node, query, page: ofPage }: Asked): Promise<View> {
  const call = query.id === undefined || page !== "requests" ? [] : await node.ask(latest, { id: query.id }, 1);
  return {
    page,
    ...ofPage(),
    nowMs: wallClockMs(),
    filter: filterOf((name) => query[name]),
    ...callView(call[0], node),
    ...(page === "rules" || page === "config" ? { warnings: node.configuration.warnings() } : {}),
    texts: page === "config" ? node.configuration.texts() : undefined,
    config: page === "config" ? JSON.stringify(node.config(), undefined, 2) : undefined,
    presets: page === "chaos" ? (await node.experimentTexts.presets()).map(presetView) : undefined,
    configured: page === "chaos" ? node.parts().experiments : [],
  };
}

async function shadowView(page: PageName, node: NodeView, verdicts: Verdicts): Promise<Partial<View>> {
  if (page !== "shadow") return {};
  return {
    shadow: await node.ask(timings),
    verdict: await verdicts.latest(verdictPatienceMs.page),
    profiles: node.profiles.all().map(({ name }) => name),
  };
}

function callView(call: Outcome | undefined, node: NodeView): Pick<View, "call" | "trace" | "traffic"> {
  if (call === undefined) return {};
  return { call, trace: node.configuration.trace(call), traffic: node.configuration.traffic() };
}

/** The state and what changes of it, as server-sent events, for all who read. */
type Streams = { open(parts: readonly LivePart[]): Readable; end(): void };

function createStreams(live: Live): Streams {
  const open = new Set<Readable>();
  return {
    open(parts) {
      const events = eventsOf(live, parts, () => open.delete(events));
      open.add(events);
      return events;
    },
    end() {
      for (const events of open) events.push(null);
      live.close();
    },
  };
}

function eventsOf(live: Live, parts: readonly LivePart[], closed: () => void): Readable {
  let stop = (): void => undefined;
  const events = new Readable({
    read: () => undefined,
    destroy(error, done) {
      stop();
      closed();
      done(error);
    },
  });
  stop = live.watch(parts, (text, event) => {
    // One who does not read any more is let go: the browser asks again, and gets the whole state.
    if (events.readableLength > maxUnread) events.destroy();
    else events.push(`event: ${event}\ndata: ${text}\n\n`);
  });
  return events;
}

const maxUnread = 4 * 1024 * 1024;

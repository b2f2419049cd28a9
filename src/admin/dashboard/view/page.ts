import { h, type ComponentChild } from "preact";
import { chaos, isRunning } from "./chaos.ts";
import { config } from "./config.ts";
import { overview } from "./overview.ts";
import { actionButton, left, shown } from "./parts.ts";
import { requests } from "./requests.ts";
import { rules } from "./rules.ts";
import { shadow } from "./shadow.ts";
import { pages, pathOf, type PageName, type Props } from "./types.ts";
import { upstreams } from "./upstreams.ts";

const views: Readonly<Record<PageName, (props: Props) => ComponentChild[]>> = {
  overview,
  requests,
  rules,
  chaos,
  shadow,
  upstreams,
  config,
};

export const titles: Readonly<Record<PageName, string>> = {
  overview: "Overview",
  requests: "Requests",
  rules: "Rules",
  chaos: "Chaos",
  shadow: "Shadow",
  upstreams: "Upstreams",
  config: "Config",
};

/** All that stands in the body of a page: the same from the server and in the browser. */
export function pageBody(props: Props): ComponentChild {
  const { page, connected, hasLogin, csrf } = props.view;
  const links = pages.map((name) => {
    const current = name === page ? { "aria-current": "page" as const } : {};
    return h("li", {}, h("a", { href: pathOf(name), ...current }, titles[name]));
  });
  const lost =
    connected === false
      ? [h("p", { class: "alarm", role: "alert" }, "The connection to the node is lost. It is tried again.")]
      : [];
  return h(
    "div",
    {},
    h(
      "header",
      {},
      h("a", { class: "skip", href: "#main" }, "Skip to the content"),
      h("p", { class: "brand" }, "Stuntdouble"),
      h("nav", { "aria-label": "Pages" }, h("ul", {}, ...links)),
      hasLogin ? actionButton("Log out", "logout", { csrf }) : h("span", {}),
    ),
    ...lost,
    ...alarm(props),
    h("main", { id: "main" }, h("h1", {}, titles[page]), ...views[page](props)),
    h("footer", {}, `Stuntdouble ${shown(props.state.node.version)}, up ${uptime(props.state.node.uptimeSeconds)}`),
  );
}

/** The red bar: something is being broken on purpose. */
function alarm({ state: { chaos: now, node }, view: { csrf, nowMs } }: Props): ComponentChild[] {
  const acting = now.experiments.filter(isRunning);
  if (node.draining) return [h("p", { class: "alarm", role: "status" }, "The node drains: it takes no new calls.")];
  if (now.killSwitch)
    return [
      h(
        "div",
        { class: "alarm", role: "status" },
        h("span", {}, "The kill switch is on: no fault acts."),
        actionButton("Turn it off", "resume", { csrf }),
      ),
    ];
  if (acting.length === 0 && now.faultsActive <= 0) return [];
  const names = acting.map(
    ({ name, endsAt }) => `${shown(name)}${endsAt === undefined ? "" : ` (${left(Date.parse(endsAt), nowMs)} left)`}`,
  );
  const what = names.length > 0 ? `Chaos: ${names.join(", ")}` : "Faults of rules act";
  return [
    h("div", { class: "alarm", role: "status" }, h("span", {}, what), actionButton("Stop all", "stop-all", { csrf })),
  ];
}

function uptime(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min`;
}

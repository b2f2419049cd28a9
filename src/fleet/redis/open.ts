import type { Clock } from "../../limits/clock.ts";
import type { FleetMemory } from "../memory.ts";
import { connect, type Connection, type RedisPlace } from "./connection.ts";
import { createLayout, type Layout } from "./layout.ts";
import { createLink, type Link } from "./link.ts";
import { prepareScripts } from "./scripts.ts";

/** The Redis that nodes share, as it is configured. */
export type RedisSettings = RedisPlace & { readonly prefix: string; readonly timeoutMs: number };

/** What is told in the log. */
export type FleetLog = {
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
};

/** What links to Redis are made with. */
export type OpenOptions = {
  readonly settings: RedisSettings;
  readonly fleet: FleetMemory;
  /** Number of the link in the memory of the fleet. */
  readonly link: number;
  readonly clock: Clock;
  readonly log: FleetLog;
  /** Told each time that the link is up. */
  up?(): void;
};

/** A link, and the names of what is behind it. */
export type OpenLink = { readonly link: Link; readonly layout: Layout };

/** Opens a link to Redis by which scripts are run. The first link of a node to fail, and the last to be back, say so in the log. */
export function openLink(options: OpenOptions): OpenLink {
  const { settings, fleet, clock, log, link: number } = options;
  const layout = createLayout(settings.prefix);
  const { timeoutMs } = settings;
  const redis = shownPlace(settings);
  fleet.begin(number);
  const link = createLink({
    clock,
    timeoutMs,
    connect: (lost) => connect(settings, lost),
    prepare: (connection) => prepareScripts(connection, layout),
    failed: fleet.failed,
    up() {
      if (fleet.setUp(number, true)) log.info({ redis }, "Redis is back: limits hold over all nodes");
      options.up?.();
    },
    down({ reason, message }) {
      if (!fleet.setUp(number, false)) return;
      log.warn(
        { redis, reason, error: message, nodes: fleet.nodes() },
        "Redis cannot be used: limits hold for this node alone, at its share",
      );
    },
  });
  return { link, layout };
}

/** Opens a link that hears a channel. It is no loss where it is down: what is told there is also found by asking. */
export function openChannel(
  { settings, clock }: Pick<OpenOptions, "settings" | "clock">,
  channel: string,
  heard: () => void,
): Link {
  return createLink({
    clock,
    timeoutMs: settings.timeoutMs,
    connect: (lost) => connect(settings, lost),
    prepare: async (connection: Connection) => await connection.subscribe(channel, heard),
    failed: () => undefined,
    up: heard,
    down: () => undefined,
  });
}

/** Where Redis is, without the credentials. */
function shownPlace({ url }: RedisPlace): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

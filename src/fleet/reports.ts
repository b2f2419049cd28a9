import { readReport, type NodeReport } from "../core/node-report.ts";
import type { Clock } from "../limits/clock.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";

/** What reports are told with. `name` is that of this process. */
export type ReportsOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Pick<Layout, "report">;
  readonly clock: Clock;
  readonly name: string;
  /** What there is to tell of this node. */
  report(): Promise<NodeReport>;
};

/** What nodes tell each other of their calls. */
export type Reports = {
  /** Tells now and then from now on. */
  start(): void;
  /**
   * What nodes last told, that of this one being fresh.
   *
   * @returns by name; only this one where Redis is away
   */
  read(names: readonly string[]): Promise<ReadonlyMap<string, NodeReport>>;
  /** The others forget what this one has told. */
  close(): Promise<void>;
};

const everyMs = 2000;
/** A report of a node that tells no more is forgotten. */
const livesMs = 10_000;

/** Makes what tells others of the calls of this node, and reads what they tell. */
export function createReports({ link, layout, clock, name, report }: ReportsOptions): Reports {
  let cancel: (() => void) | undefined;
  let isClosed = false;
  const tell = async (): Promise<void> => {
    if (!link.isUp()) return;
    const text = JSON.stringify(await report());
    await link.send(["SET", layout.report(name), text, "PX", String(livesMs)]);
  };
  const later = (): void => {
    // The link has told of it; the next time it may be told.
    const told = (): Promise<void> => tell().catch(() => undefined);
    if (!isClosed) cancel = clock.wake(everyMs, () => void told().then(later));
  };
  return {
    start: later,
    async read(names) {
      const found = new Map([[name, await report()]]);
      const others = names.filter((each) => each !== name);
      if (others.length === 0 || !link.isUp()) return found;
      const texts = await link.send(["MGET", ...others.map(layout.report)]).catch(() => undefined);
      for (const [at, other] of others.entries()) {
        const text: unknown = Array.isArray(texts) ? texts[at] : undefined;
        const told = typeof text === "string" ? readReport(text) : undefined;
        if (told !== undefined) found.set(other, told);
      }
      return found;
    },
    async close() {
      isClosed = true;
      cancel?.();
      if (link.isUp()) await link.send(["DEL", layout.report(name)]).catch(() => undefined);
    },
  };
}

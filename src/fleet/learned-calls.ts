import type { Learned } from "../core/learning/call.ts";
import { keptLines, readKeptLine } from "../core/learning/kept.ts";
import type { CallsOfModel } from "../core/learning/types.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { runScript, tellCallsScript } from "./redis/scripts.ts";

/** Calls from which nodes learn, told to each other. */
export type SharedCalls = {
  /** Tells others of some calls of this node; nothing where Redis is away. Never rejects. */
  tell(models: readonly CallsOfModel[]): Promise<void>;
  /**
   * What others have told since the last time, the oldest first; the first time all that is still there, of those that have gone
   * as well.
   *
   * @returns undefined where Redis is away. Never rejects
   */
  take(): Promise<readonly Learned[] | undefined>;
};

/** What calls are shared with. `name` is that of this process. */
export type SharedCallsOptions = {
  readonly link: Pick<Link, "isUp" | "send" | "tried">;
  readonly layout: Pick<Layout, "learned">;
  readonly name: string;
};

/** Calls of one model that are told at once: others need some of them, not all. */
const maxCalls = 20;
/** What is read by one command has to come in time. */
const entriesAtOnce = 10;

/** Makes what shares calls. */
export function createSharedCalls({ link, layout, name }: SharedCallsOptions): SharedCalls {
  let last = "-";
  const read = async (): Promise<readonly Learned[]> => {
    const found: Learned[] = [];
    for (;;) {
      const reply = await link.send(["XRANGE", layout.learned, last, "+", "COUNT", String(entriesAtOnce)]);
      const entries = entriesIn(reply);
      for (const { by, text } of entries) if (by !== name) found.push(...callsIn(text));
      const newest = entries.at(-1);
      if (newest !== undefined) last = `(${newest.id}`;
      if (entries.length < entriesAtOnce) return found;
    }
  };
  return {
    async tell(models) {
      const text = [...keptLines(models.map(someOf))].join("\n");
      if (text === "" || !link.isUp()) return;
      await runScript(link, tellCallsScript, { keys: [layout.learned], args: [name, text] }).catch(() => undefined);
    },
    async take() {
      await link.tried();
      return link.isUp() ? await read().catch(() => undefined) : undefined;
    },
  };
}

/** Not more than are told at once, evenly over all of them. */
function someOf({ upstream, model, calls }: CallsOfModel): CallsOfModel {
  const step = Math.max(1, calls.length / maxCalls);
  const some = Array.from({ length: Math.min(calls.length, maxCalls) }, (_, n) => calls[Math.floor(n * step)]);
  return { upstream, model, calls: some.filter((call) => call !== undefined) };
}

type Entry = { readonly id: string; readonly by: string; readonly text: string };

/** The entries of a reply of XRANGE: id, then names and values in turn. */
function entriesIn(reply: unknown): Entry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown): Entry[] => {
    const [id, fields]: readonly unknown[] = Array.isArray(entry) ? entry : [];
    if (!Array.isArray(fields)) return [];
    const [, by, , text]: readonly unknown[] = fields;
    return [{ id: String(id), by: String(by), text: String(text) }];
  });
}

function callsIn(text: string): Learned[] {
  return text.split("\n").flatMap((line) => readKeptLine(line) ?? []);
}

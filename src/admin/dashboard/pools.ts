import type { PoolUse } from "../../act/types.ts";
import { question } from "../question.ts";

type Pools = { readonly [upstream: string]: PoolUse };

/** The connections to each upstream, over all event loops. */
export const pools = question({
  name: "pools",
  reply: (loop): Pools =>
    Object.fromEntries([...loop.runtime().upstreams].map(([name, { upstream }]) => [name, upstream.connections()])),
  merge: (replies): ReadonlyMap<string, PoolUse> => {
    const names = new Set(replies.flatMap((reply) => Object.keys(reply)));
    return new Map([...names].map((name) => [name, sumOf(replies.flatMap((reply) => reply[name] ?? []))]));
  },
});

function sumOf(uses: readonly PoolUse[]): PoolUse {
  const sum = (member: keyof PoolUse): number => uses.reduce((total, use) => total + use[member], 0);
  return { open: sum("open"), idle: sum("idle"), waiting: sum("waiting") };
}

/** Where a node is in its life; a failed one still gets calls, until health checks notice. */
type NodeState = "provisioning" | "checking" | "serving" | "failed" | "draining";

type Node = { readonly zone: number; state: NodeState };

/** The nodes of one region. */
export type Cluster = {
  /** Starts a node in the zone that has the fewest. @returns its number */
  launch(state: "provisioning" | "serving"): number;
  /** @returns false where that node was lost meanwhile */
  move(node: number, from: NodeState, to: NodeState): boolean;
  /** Serving nodes stop to get calls, those of the fullest zones first. @returns their numbers */
  drain(count: number): number[];
  remove(node: number): void;
  /** All nodes of a zone fail at once, and no new one comes up there. */
  loseZone(zone: number): void;
  /** Failed nodes get no more calls. @returns how many they were, those that had never served among them */
  dropFailed(): number;
  count(...states: readonly NodeState[]): number;
};

/** @param zones nodes are spread over them evenly */
export function createCluster(zones: number): Cluster {
  const nodes = new Map<number, Node>();
  const lost = new Set<number>();
  let latest = 0;
  let neverServed = 0;
  const inZone = (zone: number): number => [...nodes.values()].filter((node) => node.zone === zone).length;
  const count = (...states: readonly NodeState[]): number =>
    [...nodes.values()].filter(({ state }) => states.includes(state)).length;
  return {
    count,
    launch(state) {
      latest += 1;
      nodes.set(latest, { zone: emptiest(zones, lost, inZone), state });
      return latest;
    },
    move(number, from, to) {
      const node = nodes.get(number);
      if (node?.state !== from) return false;
      node.state = to;
      return true;
    },
    drain: (wanted) => drain(nodes, wanted),
    remove: (number) => void nodes.delete(number),
    loseZone(zone) {
      lost.add(zone);
      for (const [number, node] of nodes) {
        if (node.zone !== zone) continue;
        if (node.state === "serving") node.state = "failed";
        else if (nodes.delete(number) && node.state !== "draining") neverServed += 1;
      }
    },
    dropFailed() {
      const failed = [...nodes].filter(([, { state }]) => state === "failed");
      for (const [number] of failed) nodes.delete(number);
      const gone = failed.length + neverServed;
      neverServed = 0;
      return gone;
    },
  };
}

function drain(nodes: ReadonlyMap<number, Node>, wanted: number): number[] {
  const drained: number[] = [];
  while (drained.length < wanted) {
    const serving = [...nodes].filter(([, { state }]) => state === "serving");
    const inZone = (zone: number): number => serving.filter(([, node]) => node.zone === zone).length;
    const [number, node] = serving.toSorted(([, a], [, b]) => inZone(b.zone) - inZone(a.zone))[0] ?? [];
    if (number === undefined || node === undefined) break;
    node.state = "draining";
    drained.push(number);
  }
  return drained;
}

function emptiest(zones: number, lost: ReadonlySet<number>, inZone: (zone: number) => number): number {
  const open = Array.from({ length: zones }, (_, zone) => zone).filter((zone) => !lost.has(zone));
  return open.toSorted((a, b) => inZone(a) - inZone(b))[0] ?? 0;
}

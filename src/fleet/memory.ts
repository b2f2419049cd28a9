import { redisErrors, type RedisErrorReason } from "./redis/reasons.ts";

/** What the links of a node to Redis tell each other, over all its threads. */
export type FleetMemory = {
  /** Nodes that share, this one included: 1 as long as no other was seen. */
  nodes(): number;
  setNodes(nodes: number): void;
  /** A link begins: it is not up, and nobody is told. */
  begin(link: number): void;
  /** A link is up or down. @returns true for the first of them to be down, and for the last of them to be up again */
  setUp(link: number, isUp: boolean): boolean;
  /** Whether all links are up. */
  isUp(): boolean;
  failed(reason: RedisErrorReason): void;
  /** How often which reason was told. */
  errors(): readonly (readonly [RedisErrorReason, number])[];
  /** A limit was decided without Redis. */
  decidedAlone(): void;
  alone(): number;
};

const at = { nodes: 0, told: 1, alone: 2, errors: 3, links: 3 + redisErrors.length } as const;

/** @param links how many there are: one for each event loop, and one for the node */
export function createFleetBuffer(links: number): SharedArrayBuffer {
  return new SharedArrayBuffer((at.links + links) * Int32Array.BYTES_PER_ELEMENT);
}

/** @param buffer from `createFleetBuffer` */
export function createFleetMemory(buffer: SharedArrayBuffer): FleetMemory {
  const words = new Int32Array(buffer);
  const links = words.length - at.links;
  const isUp = (): boolean => {
    for (let link = 0; link < links; link += 1) if (Atomics.load(words, at.links + link) === 0) return false;
    return true;
  };
  return {
    nodes: () => Math.max(1, Atomics.load(words, at.nodes)),
    setNodes: (nodes) => void Atomics.store(words, at.nodes, nodes),
    begin: (link) => void Atomics.store(words, at.links + link, 0),
    setUp(link, isOneUp) {
      Atomics.store(words, at.links + link, isOneUp ? 1 : 0);
      if (!isOneUp) return Atomics.exchange(words, at.told, 1) === 0;
      return isUp() && Atomics.exchange(words, at.told, 0) === 1;
    },
    isUp,
    failed: (reason) => void Atomics.add(words, at.errors + redisErrors.indexOf(reason), 1),
    errors: () => redisErrors.map((reason, index) => [reason, Atomics.load(words, at.errors + index)] as const),
    decidedAlone: () => void Atomics.add(words, at.alone, 1),
    alone: () => Atomics.load(words, at.alone),
  };
}

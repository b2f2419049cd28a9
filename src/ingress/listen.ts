import type { Server } from "node:net";

/** Where a port listens; `shared` when other workers listen there too. */
export type Where = { readonly host: string; readonly port: number; readonly shared: boolean };

const backlog = 4096;

/** Listens, and resolves to the port; rejects when it cannot. */
export function listenOn(server: Server, { host, port, shared }: Where): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, reusePort: shared, backlog }, () => {
      server.off("error", reject);
      const bound = server.address();
      resolve(typeof bound === "object" && bound !== null ? bound.port : port);
    });
  });
}

/** A turn of the event loop that takes longer may have left a connection waiting. */
const quickTurnMs = 0.25;
/** A loop that is never quick closes its port after so many turns all the same. */
const maxTurns = 1000;

/**
 * Takes no more connections, but those that wait to be accepted.
 *
 * The kernel resets what nobody has accepted when a port closes. Each turn of the event loop accepts all that wait, so the port
 * is closed right after one that was quick.
 */
export function closeListener(server: Server): void {
  let turns = 0;
  let beganMs = performance.now();
  const turn = (): void => {
    const endedMs = performance.now();
    turns += 1;
    const isQuick = turns > 1 && endedMs - beganMs < quickTurnMs;
    beganMs = endedMs;
    if (isQuick || turns === maxTurns) server.close();
    else setImmediate(turn);
  };
  setImmediate(turn);
}

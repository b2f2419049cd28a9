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

/**
 * Takes no more connections, but those whose handshake is done: the kernel resets what nobody has accepted when a port closes.
 *
 * After one whole turn of the event loop, which accepts all that wait, few can be left.
 */
export function closeListener(server: Server): void {
  setImmediate(() => setImmediate(() => server.close()));
}

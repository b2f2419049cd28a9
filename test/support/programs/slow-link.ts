import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A port in front of another one, whose replies can be made late. */
export type SlowLink = {
  readonly port: number;
  /** From now on what comes back is so late, in milliseconds. */
  delay(ms: number): void;
  stop(): Promise<void>;
};

/** Listens in front of a port of loopback. */
export async function startSlowLink(behind: number): Promise<SlowLink> {
  let delayMs = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const target = connect({ port: behind, host: "127.0.0.1" });
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.on("data", (data) => void target.write(data));
    target.on("data", (data) => void setTimeout(() => client.write(data), delayMs));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    delay: (ms) => void (delayMs = ms),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

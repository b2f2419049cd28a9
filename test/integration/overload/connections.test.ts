import { connect, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { administered, killRuns, run, serving } from "../../support/process.ts";

const config = `
listen: { host: 127.0.0.1, port: 0 }
admin: { port: 0 }
workers: 1
log: { level: silent }
`;

const sockets: Socket[] = [];
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  killRuns();
});

test("300 connections to the traffic port leave files for the admin port, where 100 may be open", async () => {
  const limited = ["bash", "-c", 'ulimit -n 100; exec "$@"', "limited", process.execPath] as const;
  const program = await run(["start", "--config", "stuntdouble.yaml"], { "stuntdouble.yaml": config }, [...limited]);
  const port = await serving(program);
  const adminPort = await administered(program);
  const settled = Array.from({ length: 300 }, () => {
    const socket = connect({ host: "127.0.0.1", port });
    sockets.push(socket);
    return new Promise<void>((resolve) => {
      socket.once("connect", resolve).once("error", () => resolve());
    });
  });
  await Promise.all(settled);
  const health = await fetch(`http://127.0.0.1:${adminPort}/healthz`, { signal: AbortSignal.timeout(5000) });
  expect(health.status).toBe(200);
});

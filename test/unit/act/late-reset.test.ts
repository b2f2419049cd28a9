import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, test } from "vitest";
import { readBeforeReset } from "../../../src/act/late-reset.ts";
import { until } from "../../support/node.ts";

/** A connection whose other side sends so many bytes and resets it when they have come. */
async function resetAfter(bytes: number): Promise<Socket> {
  const { promise, resolve } = Promise.withResolvers<Socket>();
  const server = createServer(resolve).listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const other = await promise;
  server.close();
  readBeforeReset(socket);
  socket.on("readable", () => undefined);
  other.write(Buffer.alloc(bytes, "a"));
  await until("the bytes", () => (socket.readableLength === bytes ? true : undefined));
  other.resetAndDestroy();
  return socket;
}

test("a reset is told when all that came before it has been read", async () => {
  const socket = await resetAfter(40_000);
  const errors: Error[] = [];
  socket.on("error", (error) => errors.push(error));
  await until("the reset", () => (Object.hasOwn(socket, "_read") ? true : undefined));
  expect(socket.read(30_000)).toHaveLength(30_000);
  await new Promise((resolve) => void setImmediate(resolve));
  expect(errors).toEqual([]);
  expect(socket.read()).toHaveLength(10_000);
  await until("the error", () => errors[0]);
  expect(errors[0]).toMatchObject({ code: "RESET_BY_OTHER_SIDE", cause: { code: "ECONNRESET" } });
  expect(socket.readableEnded).toBe(false);
});

test("a socket that is given up is closed at once, whatever it still holds", async () => {
  const socket = await resetAfter(1000);
  socket.destroy();
  expect(socket.destroyed).toBe(true);
});

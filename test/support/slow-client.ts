import { connect } from "node:net";
import type { RawResponse } from "./raw.ts";

/** A client that reads a little, and then nothing until it is told to: all else waits in the system, as with a busy client. */
export type SlowClient = {
  /** Everything read so far, as Latin-1 text. */
  text(): string;
  /** Reads on to the end of the connection. @returns how it ended */
  rest(): Promise<RawResponse["closed"]>;
};

/** Sends a request, and reads of its response no more than what comes first. */
export async function startSlowClient(port: number, request: string): Promise<SlowClient> {
  let text = "";
  let isReading = false;
  const first = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<RawResponse["closed"]>();
  const socket = connect({
    host: "127.0.0.1",
    port,
    allowHalfOpen: true,
    // Only so does Node leave what is not read to the system.
    onread: {
      buffer: Buffer.alloc(4096),
      callback(length, buffer) {
        text += Buffer.from(buffer.subarray(0, length)).toString("latin1");
        first.resolve();
        return isReading;
      },
    },
  });
  socket.on("end", () => ended.resolve("fin"));
  socket.on("error", () => ended.resolve("reset"));
  socket.on("close", () => ended.resolve("reset"));
  socket.write(request);
  await first.promise;
  return {
    text: () => text,
    async rest() {
      isReading = true;
      socket.resume();
      const how = await ended.promise;
      socket.destroy();
      return how;
    },
  };
}

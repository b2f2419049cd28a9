import type { Reply } from "../../src/act/types.ts";
import type { Clock } from "../../src/limits/clock.ts";

/** What was asked of a reply, `atMs` counting from its making. */
export type Sent =
  | readonly [atMs: number, what: "whole", status: number, data: string | Uint8Array]
  | readonly [atMs: number, what: "head", status: number]
  | readonly [atMs: number, what: "write", data: string | Uint8Array]
  | readonly [atMs: number, what: "end" | "cut" | "reset"];

/** A way back to a client that only remembers what was sent. */
export type RecordingReply = Reply & {
  readonly sent: readonly Sent[];
  /** While true, `write` returns false. */
  slow: boolean;
  /** Everything the client would have read of the body. */
  text(): string;
  /** The client reads again. */
  drain(): void;
  /** The client closes its connection. */
  leave(): void;
};

export function createRecordingReply(clock: Clock): RecordingReply {
  const startMs = clock.now();
  const sent: Sent[] = [];
  const atMs = (): number => clock.now() - startMs;
  const reply: RecordingReply = {
    sent,
    slow: false,
    listener: undefined,
    whole: ({ status }, data) => void sent.push([atMs(), "whole", status, data]),
    head: ({ status }) => void sent.push([atMs(), "head", status]),
    write(data) {
      sent.push([atMs(), "write", data]);
      return !reply.slow;
    },
    end: () => void sent.push([atMs(), "end"]),
    cut: () => void sent.push([atMs(), "cut"]),
    reset: () => void sent.push([atMs(), "reset"]),
    text() {
      const pieces = sent.map((each) => (each[1] === "write" ? each[2] : each[1] === "whole" ? each[3] : ""));
      return Buffer.concat(pieces.map((piece) => Buffer.from(piece as Uint8Array))).toString();
    },
    drain() {
      reply.slow = false;
      reply.listener?.drained();
    },
    leave: () => reply.listener?.left(),
  };
  return reply;
}

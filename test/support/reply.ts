import { headerOf } from "./fake-upstream.ts";
import type { Reply } from "../../src/act/types.ts";
import type { Head } from "../../src/core/types.ts";
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
  /** Status of the head that was sent; 0 when none was. */
  status(): number;
  /** The value of a header of that head, by its lower-case name; undefined when it has none. */
  header(name: string): string | undefined;
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
  let given: Head | undefined;
  const reply: RecordingReply = {
    sent,
    slow: false,
    listener: undefined,
    whole(head, data) {
      given = head;
      sent.push([atMs(), "whole", head.status, data]);
    },
    head(head) {
      given = head;
      sent.push([atMs(), "head", head.status]);
    },
    write(data) {
      sent.push([atMs(), "write", data]);
      return !reply.slow;
    },
    end: () => void sent.push([atMs(), "end"]),
    cut: () => void sent.push([atMs(), "cut"]),
    reset: () => void sent.push([atMs(), "reset"]),
    status: () => given?.status ?? 0,
    header: (name) => headerOf(given?.headers ?? [], name),
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

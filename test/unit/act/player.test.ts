import { describe, expect, test } from "vitest";
import { Player } from "../../../src/act/player.ts";
import { createWheel } from "../../../src/act/timer-wheel.ts";
import type { Ending, Frame, Head, Plan } from "../../../src/core/types.ts";
import { createBusyClock } from "../../support/clocks/busy-clock.ts";
import { createTimes } from "../../support/times.ts";
import { createRecordingReply } from "../../support/reply.ts";

const head: Head = { status: 200, headers: ["content-type", "text/event-stream"] };
const kib = 1024;

function setUp() {
  const clock = createBusyClock();
  const wheel = createWheel(clock);
  const reply = createRecordingReply(clock);
  const settled: (Ending | "client-gone")[] = [];
  const endedAtMs: number[] = [];
  const times = createTimes({ clock, wheel });
  let waitingBytes = 0;
  const failed: string[] = [];
  const player = new Player(reply, times, {
    settled(ending, atMs) {
      settled.push(ending);
      endedAtMs.push(atMs);
    },
    failed: (cause) => void failed.push(cause),
    waiting: (bytes) => void (waitingBytes += bytes),
  });
  const flow: string[] = [];
  player.slowedBy({ pause: () => flow.push("pause"), resume: () => flow.push("resume") });
  const waiting = (): number => waitingBytes;
  return { clock, wheel, times, reply, player, settled, endedAtMs, flow, waiting, failed, sent: reply.sent };
}

function frame(atMs: number, data: string | Uint8Array, tokens = 1): Frame {
  return { atMs, data, tokens, final: false };
}

/** A head at 100 ms, tokens at 200, 215 and 230 ms, and the end at 240 ms. */
function stream(changes: Partial<Plan> = {}): Plan {
  return {
    head,
    headAtMs: 100,
    frames: [frame(200, "a"), frame(215, "b"), frame(230, "c")],
    ending: "finish",
    endAtMs: 240,
    ...changes,
  };
}

describe("more than one write should hold", () => {
  /** Pieces of 200 KiB that are made when they are looked at. */
  function late(count: number): { frames: Frame[]; made: string[] } {
    const made: string[] = [];
    const frames = Array.from({ length: count }, (_, index) => ({
      ...frame(100, "", 0),
      get data() {
        made.push(String(index));
        return String(index).repeat(200 * kib);
      },
    }));
    return { frames, made };
  }

  test("leaves in several writes, each piece looked at once", () => {
    const { clock, player, sent, settled } = setUp();
    const { frames, made } = late(5);
    player.play(stream({ frames, endAtMs: 100 }));
    clock.advance(100);
    const lengths = sent.filter(([, kind]) => kind === "write").map((each) => String(each[2]).length / kib);
    expect(lengths).toEqual([400, 400, 200]);
    expect(made).toEqual(["0", "1", "2", "3", "4"]);
    expect(settled).toEqual(["finish"]);
  });

  test("is not made before the client has room for it", () => {
    const { clock, player, reply, settled } = setUp();
    const { frames, made } = late(5);
    reply.slow = true;
    player.play(stream({ frames, endAtMs: 100 }));
    clock.advance(100);
    expect(made).toEqual(["0", "1"]);
    reply.drain();
    expect(made).toHaveLength(5);
    expect(settled).toEqual(["finish"]);
  });
});

describe("a plan on time", () => {
  test("head, frames and end leave each at its own time", () => {
    const { clock, player, sent, settled, endedAtMs } = setUp();
    player.play(stream());
    clock.advance(1000);
    expect(sent).toEqual([
      [100, "head", 200],
      [200, "write", "a"],
      [215, "write", "b"],
      [230, "write", "c"],
      [240, "end"],
    ]);
    expect(settled).toEqual(["finish"]);
    expect(endedAtMs).toEqual([240]);
  });

  test("what is due at once leaves before play returns", () => {
    const { player, sent } = setUp();
    player.play(stream({ headAtMs: 0, frames: [frame(0, "a"), frame(50, "b")], endAtMs: 50 }));
    expect(sent).toEqual([
      [0, "head", 200],
      [0, "write", "a"],
    ]);
  });

  test("frames of the same time leave in one write", () => {
    const { clock, player, sent } = setUp();
    player.play(stream({ frames: [frame(200, "a"), frame(200, "b"), frame(230, "c")] }));
    clock.advance(1000);
    expect(sent.filter(([, what]) => what === "write")).toEqual([
      [200, "write", "ab"],
      [230, "write", "c"],
    ]);
  });

  test("text and bytes that leave together are joined byte for byte", () => {
    const { clock, player, reply } = setUp();
    const bytes = new Uint8Array([0, 0xff, 0xc3, 1]).subarray(1, 3);
    player.play(stream({ frames: [frame(200, "é"), frame(200, bytes), frame(200, "b")] }));
    clock.advance(200);
    expect(reply.sent.at(-1)).toEqual([200, "write", Buffer.from([0xc3, 0xa9, 0xff, 0xc3, 0x62])]);
  });

  test("times count from the start of the call, not from the moment the plan is there", () => {
    const { clock, player, sent } = setUp();
    clock.advance(150);
    player.play(stream());
    clock.advance(1000);
    expect(sent.map(([atMs]) => atMs)).toEqual([150, 200, 215, 230, 240]);
  });

  test("a start moved before the plan is played moves the whole plan", () => {
    const { clock, player, sent, endedAtMs, times } = setUp();
    clock.advance(70);
    times.startLater(70);
    player.play(stream());
    clock.advance(1000);
    expect(sent.map(([atMs]) => atMs)).toEqual([170, 270, 285, 300, 310]);
    expect(endedAtMs).toEqual([240]);
    expect(player.tokenAtMs).toEqual([200, 215, 230]);
  });

  test("a response without frames ends after its head", () => {
    const { clock, player, sent } = setUp();
    player.play(stream({ frames: [], endAtMs: 150 }));
    clock.advance(1000);
    expect(sent).toEqual([
      [100, "head", 200],
      [150, "end"],
    ]);
  });
});

describe("a late event loop", () => {
  test("everything that fell due leaves in one write, and the next frame keeps its planned time", () => {
    const { clock, player, sent } = setUp();
    player.play(stream());
    clock.advance(199);
    clock.block(20);
    clock.advance(1000);
    expect(sent).toEqual([
      [100, "head", 200],
      [219, "write", "ab"],
      [230, "write", "c"],
      [240, "end"],
    ]);
  });

  test("lateness does not add up over many frames", () => {
    const { clock, player, sent } = setUp();
    const frames = Array.from({ length: 100 }, (_, index) => frame(200 + index * 10, "x"));
    player.play(stream({ frames, endAtMs: 1190 }));
    clock.advance(199);
    for (let round = 0; round < 90; round += 1) {
      clock.block(4);
      clock.advance(6);
    }
    clock.advance(1000);
    expect(sent.at(-1)).toEqual([1190, "end"]);
    expect(player.scheduleError()!.max).toBeLessThanOrEqual(4);
  });

  test("a stream that is wholly overdue leaves as head, one write and end", () => {
    const { clock, player, sent } = setUp();
    player.play(stream());
    clock.block(500);
    expect(sent).toEqual([
      [500, "head", 200],
      [500, "write", "abc"],
      [500, "end"],
    ]);
  });

  test("the schedule error is what frames left later than planned, its mean and its largest", () => {
    const { clock, player } = setUp();
    player.play(stream());
    clock.advance(199);
    clock.block(20);
    clock.advance(1000);
    // 19 ms, 4 ms and none
    expect(player.scheduleError()).toEqual({ mean: 23 / 3, max: 19 });
  });

  test("a plan that sent no frame has no schedule error", () => {
    const { clock, player } = setUp();
    player.play(stream({ frames: [] }));
    clock.advance(1000);
    expect(player.scheduleError()).toBeUndefined();
  });
});

describe("a response in one piece", () => {
  const whole: Plan = { head, headAtMs: 80, frames: [frame(80, "{}", 7)], ending: "finish", endAtMs: 80 };

  test("a response that is due from head to end leaves by one call", () => {
    const { clock, player, sent, settled } = setUp();
    player.play(whole);
    clock.advance(79);
    expect(sent).toEqual([]);
    clock.advance(1000);
    expect(sent).toEqual([[80, "whole", 200, "{}"]]);
    expect(settled).toEqual(["finish"]);
    expect(player.tokens).toBe(7);
    expect(player.tokenAtMs).toEqual([]);
    expect(player.status).toBe(200);
    expect(player.scheduleError()).toEqual({ mean: 0, max: 0 });
  });

  test("a response without a body leaves by one call too", () => {
    const { player, sent } = setUp();
    player.play({ ...whole, headAtMs: 0, frames: [], endAtMs: 0 });
    expect(sent).toEqual([[0, "whole", 200, ""]]);
  });

  test.each([
    ["its body is due after its head", { endAtMs: 90, frames: [frame(90, "{}")] }, ["head", "write", "end"]],
    ["its body comes in two frames", { frames: [frame(80, "{"), frame(80, "}")] }, ["head", "write", "end"]],
    ["it ends by a cut", { ending: "cut" as const }, ["head", "write", "cut"]],
    ["it stalls", { ending: "stall" as const }, ["head", "write"]],
  ])("a response leaves in pieces when %s", (_, changes, expected) => {
    const { clock, player, sent } = setUp();
    player.play({ ...whole, ...changes });
    clock.advance(1000);
    expect(sent.map(([, what]) => what)).toEqual(expected);
  });
});

describe("how a plan ends", () => {
  test.each(["cut", "reset"] as const)("a %s comes after the frames before it, once", (ending) => {
    const { clock, player, sent, settled } = setUp();
    player.play(stream({ ending, endAtMs: 230 }));
    clock.advance(10_000);
    expect(sent.slice(-2)).toEqual([
      [230, "write", "c"],
      [230, ending],
    ]);
    expect(settled).toEqual([ending]);
    expect(player.done).toBe(true);
  });

  test("a stall sends nothing more and settles only when the client leaves", () => {
    const { clock, player, reply, sent, settled, endedAtMs } = setUp();
    player.play(stream({ ending: "stall" }));
    clock.advance(60_000);
    expect(sent.at(-1)).toEqual([230, "write", "c"]);
    expect(settled).toEqual([]);
    expect(player.done).toBe(false);
    reply.leave();
    expect(settled).toEqual(["stall"]);
    expect(endedAtMs).toEqual([60_000]);
    expect(player.silentAtMs).toBe(240);
  });

  test.each(["cut", "reset"] as const)(
    "a plan without a head ends by a %s at its time, and nothing is sent",
    (ending) => {
      const { clock, player, sent, settled } = setUp();
      player.play({ head: undefined, headAtMs: 50, frames: [], ending, endAtMs: 50 });
      clock.advance(1000);
      expect(sent).toEqual([[50, ending]]);
      expect(settled).toEqual([ending]);
      expect(player.status).toBeUndefined();
    },
  );

  test("a plan without a head that stalls sends nothing at all", () => {
    const { clock, player, reply, sent, settled } = setUp();
    player.play({ head: undefined, headAtMs: 50, frames: [], ending: "stall", endAtMs: 50 });
    clock.advance(1000);
    reply.leave();
    expect(sent).toEqual([]);
    expect(settled).toEqual(["stall"]);
  });

  test("a response that finishes without ever having a head is cut, not ended as if it were whole", () => {
    const { player, sent, settled } = setUp();
    player.end(0, "finish");
    expect(sent).toEqual([[0, "cut"]]);
    expect(settled).toEqual(["cut"]);
  });

  test("nothing is left armed after the end", () => {
    const { clock, wheel, player } = setUp();
    player.play(stream());
    clock.advance(240);
    expect(wheel.size()).toBe(0);
  });
});

describe("a client that leaves", () => {
  test.each([
    ["before anything", 0, 0],
    ["before the head", 50, 0],
    ["after the head", 150, 1],
    ["between two frames", 220, 3],
    ["after the last frame", 235, 4],
  ])("a client gone %s settles the call once, and nothing more is sent", (_, atMs, pieces) => {
    const { clock, wheel, player, reply, sent, settled, endedAtMs } = setUp();
    player.play(stream());
    clock.advance(atMs);
    reply.leave();
    reply.leave();
    expect(wheel.size()).toBe(0);
    clock.advance(1000);
    expect(sent).toHaveLength(pieces);
    expect(settled).toEqual(["client-gone"]);
    expect(endedAtMs).toEqual([atMs]);
    expect(player.done).toBe(true);
  });

  test("a client gone before there is a plan settles the call, and a later plan is not sent", () => {
    const { clock, player, reply, sent, settled } = setUp();
    clock.advance(30);
    reply.leave();
    player.play(stream());
    clock.advance(1000);
    expect(sent).toEqual([]);
    expect(settled).toEqual(["client-gone"]);
  });

  test("a client gone while it did not read settles the call", () => {
    const { clock, player, reply, settled } = setUp();
    reply.slow = true;
    player.play(stream());
    clock.advance(5000);
    reply.leave();
    reply.drain();
    expect(settled).toEqual(["client-gone"]);
    expect(reply.text()).toBe("a");
  });

  test("a connection closed after the end is no client gone", () => {
    const { clock, player, reply, settled } = setUp();
    player.play(stream());
    clock.advance(240);
    reply.leave();
    expect(settled).toEqual(["finish"]);
  });

  test("a live response goes nowhere once its client has left", () => {
    const { player, reply, sent, settled } = setUp();
    player.head(0, head);
    reply.leave();
    player.data(frame(0, "a"));
    player.end(0, "finish");
    expect(sent).toEqual([[0, "head", 200]]);
    expect(settled).toEqual(["client-gone"]);
  });
});

describe("a client that reads slowly", () => {
  test("nothing is written until it has read, then all that is due leaves in one write", () => {
    const { clock, player, reply, sent } = setUp();
    player.play(stream({ frames: [frame(200, "a"), frame(215, "b"), frame(230, "c"), frame(400, "d")], endAtMs: 400 }));
    reply.slow = true;
    clock.advance(300);
    expect(sent.at(-1)).toEqual([200, "write", "a"]);
    reply.drain();
    clock.advance(1000);
    expect(sent.slice(1)).toEqual([
      [200, "write", "a"],
      [300, "write", "bc"],
      [400, "write", "d"],
      [400, "end"],
    ]);
  });

  test("the end waits until the client has read what was before it", () => {
    const { clock, player, reply, sent, settled } = setUp();
    player.play(stream({ frames: [frame(200, "a")], endAtMs: 200 }));
    reply.slow = true;
    clock.advance(1000);
    expect(settled).toEqual([]);
    reply.drain();
    expect(sent.at(-1)).toEqual([1000, "end"]);
    expect(settled).toEqual(["finish"]);
  });

  test("a live source is held back while the client does not read, and goes on afterwards", () => {
    const { player, reply, flow } = setUp();
    player.head(0, head);
    reply.slow = true;
    player.data(frame(0, "a"));
    player.data(frame(0, "b"));
    expect(flow).toEqual(["pause"]);
    reply.drain();
    expect(flow).toEqual(["pause", "resume"]);
    expect(reply.text()).toBe("ab");
  });

  test("a live source stays held back when the client stops reading again at once", () => {
    const { player, reply, flow } = setUp();
    player.head(0, head);
    reply.slow = true;
    player.data(frame(0, "a"));
    player.data(frame(0, "b"));
    reply.listener!.drained();
    expect(reply.text()).toBe("ab");
    expect(flow).toEqual(["pause"]);
  });
});

describe("a live source", () => {
  test("what arrives leaves at once, piece by piece", () => {
    const { clock, player, sent, settled } = setUp();
    clock.advance(40);
    player.head(40, head);
    clock.advance(10);
    player.data(frame(50, "a"));
    clock.advance(25);
    player.data(frame(75, "b"));
    clock.advance(5);
    player.end(80, "finish");
    expect(sent).toEqual([
      [40, "head", 200],
      [50, "write", "a"],
      [75, "write", "b"],
      [80, "end"],
    ]);
    expect(settled).toEqual(["finish"]);
  });

  test("what is given together and is complete leaves in one piece", () => {
    const { player, sent, settled } = setUp();
    player.together(() => {
      player.head(0, head);
      player.data(frame(0, "a"));
      player.end(0, "finish");
      expect(sent).toEqual([]);
    });
    expect(sent).toEqual([[0, "whole", 200, "a"]]);
    expect(settled).toEqual(["finish"]);
  });

  test("what is given together and is not complete leaves as far as it is there", () => {
    const { player, sent } = setUp();
    player.together(() => player.head(0, head));
    expect(sent).toEqual([[0, "head", 200]]);
  });

  test("what a fault moved to later waits for its time, and what is behind it too", () => {
    const { clock, player, sent } = setUp();
    player.head(100, head);
    player.data(frame(200, "a"));
    player.data(frame(200, "b"));
    player.end(260, "reset");
    clock.advance(1000);
    expect(sent).toEqual([
      [100, "head", 200],
      [200, "write", "ab"],
      [260, "reset"],
    ]);
  });

  test("a live source is held back above 256 KiB waiting, and not at 256 KiB", () => {
    const { player, flow } = setUp();
    player.head(100, head);
    player.data(frame(100, new Uint8Array(256 * kib)));
    expect(flow).toEqual([]);
    player.data(frame(100, "x"));
    expect(flow).toEqual(["pause"]);
    player.data(frame(100, "x"));
    expect(flow).toEqual(["pause"]);
  });

  test("a live source that was held back goes on when everything that waited has left", () => {
    const { clock, player, flow } = setUp();
    player.head(100, head);
    player.data(frame(100, new Uint8Array(300 * kib)));
    player.data(frame(150, "x"));
    clock.advance(149);
    expect(flow).toEqual(["pause"]);
    clock.advance(1);
    expect(flow).toEqual(["pause", "resume"]);
  });

  test("bytes that have left do not count as waiting", () => {
    const { player, flow } = setUp();
    player.head(0, head);
    for (let index = 0; index < 20; index += 1) player.data(frame(0, new Uint8Array(100 * kib)));
    expect(flow).toEqual([]);
  });

  test("nothing of a live source is sent after a stall", () => {
    const { clock, player, reply, sent, settled } = setUp();
    player.head(0, head);
    player.data(frame(0, "a"));
    player.end(0, "stall");
    player.data(frame(0, "b"));
    clock.advance(1000);
    expect(sent.at(-1)).toEqual([0, "write", "a"]);
    reply.leave();
    expect(settled).toEqual(["stall"]);
  });
});

describe("what is measured", () => {
  test("tokens are counted when they leave, each with its time", () => {
    const { clock, player } = setUp();
    player.play(stream({ frames: [frame(200, "role", 0), frame(200, "a"), frame(215, "bc", 2), frame(230, "", 0)] }));
    clock.advance(214);
    expect(player.tokens).toBe(1);
    clock.advance(1000);
    expect(player.tokens).toBe(3);
    expect(player.tokenAtMs).toEqual([200, 215, 215]);
  });

  test("tokens that leave late are noted at the time they really left", () => {
    const { clock, player } = setUp();
    player.play(stream());
    clock.advance(199);
    clock.block(20);
    clock.advance(1000);
    expect(player.tokenAtMs).toEqual([219, 219, 230]);
  });
});

describe("bytes that wait for a client", () => {
  test("are told when it does not read a plan, and given back when it does", () => {
    const { clock, player, reply, waiting } = setUp();
    reply.slow = true;
    player.play(stream({ frames: [frame(200, "abc"), frame(215, "b")] }));
    clock.advance(210);
    expect(waiting()).toBe(3);
    reply.drain();
    expect(waiting()).toBe(0);
  });

  test("are told when it does not read a live response", () => {
    const { player, reply, waiting } = setUp();
    reply.slow = true;
    player.head(0, head);
    player.data(frame(0, new Uint8Array(5)));
    expect(waiting()).toBe(5);
    reply.drain();
    expect(waiting()).toBe(0);
  });
});

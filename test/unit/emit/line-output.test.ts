import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createLineOutput, type Loss } from "../../../src/emit/line-output.ts";

type Done = (error?: Error | null) => void;

/** A stream that ends each write when told. */
function createStream() {
  const pending: { readonly text: string; readonly done: Done }[] = [];
  const stream = new Writable({
    write: (text, _encoding, done: Done) => void pending.push({ text: String(text), done }),
    destroy: (_error, done) => done(null),
  });
  const end = async (error?: Error): Promise<string | undefined> => {
    const first = pending.shift();
    first?.done(error);
    await turn();
    return first?.text;
  };
  return { stream, end };
}

function setUp(maxBytes = 10) {
  const losses: Loss[] = [];
  const { stream, end } = createStream();
  const output = createLineOutput(stream, { maxBytes, recovered: (loss) => void losses.push(loss) });
  return { output, end, losses, stream };
}

test("lines beyond what may wait are dropped and counted", async () => {
  const { output, stream } = setUp();
  output.write("12345678\n");
  output.write("a\nb\n");
  expect([output.dropped(), stream.writableLength]).toEqual([2, 9]);
});

test("a full output takes lines again when half of what waits has left, and says what was lost", async () => {
  const { output, end, losses } = setUp();
  output.write("1234\n");
  output.write("12\n");
  output.write("too much\n");
  output.write("1\n");
  expect([output.dropped(), losses]).toEqual([2, []]);
  expect(await end()).toBe("1234\n");
  expect(losses).toEqual([{ dropped: 2, reason: "SLOW_READER" }]);
  output.write("next\n");
  expect(output.dropped()).toBe(2);
});

test("an output that is still full takes no line, so that it does not tell of each in turn", async () => {
  const { output, end, losses } = setUp();
  for (const line of ["a\n", "b\n", "c\n", "d\n", "e\n"]) output.write(line);
  output.write("f\n");
  await end();
  output.write("g\n");
  expect([output.dropped(), losses]).toEqual([2, []]);
});

/** A stream like stdout on a disk: it fails as long as the disk is full, and stays open. */
class Disk {
  full = false;
  text = "";
  readonly writableLength = 0;

  write(text: string, done: Done): boolean {
    if (!this.full) this.text += text;
    done(this.full ? Object.assign(new Error("no space"), { code: "ENOSPC" }) : null);
    return true;
  }

  on(): void {}
}

test("what a full disk refuses is counted, and lines go on in a line of their own when there is room", () => {
  const disk = new Disk();
  const losses: Loss[] = [];
  const output = createLineOutput(disk, { maxBytes: 100, recovered: (loss) => void losses.push(loss) });
  output.write("a\n");
  disk.full = true;
  output.write("b\nc\n");
  output.write("d\n");
  disk.full = false;
  expect(losses).toEqual([]);
  output.write("e\n");
  output.write("f\n");
  expect([disk.text, output.dropped(), losses]).toEqual(["a\n\ne\nf\n", 3, [{ dropped: 3, reason: "ENOSPC" }]]);
});

test("an error of the stream by itself is nothing that ends the process", () => {
  const { stream } = setUp();
  expect(() => stream.emit("error", new Error("EPIPE"))).not.toThrow();
});

import { describe, expect, test } from "vitest";
import { createProgressWatch } from "../../../../src/ingress/http/progress.ts";
import { createFakeClock } from "../../../support/fake-clock.ts";

function setUp() {
  const clock = createFakeClock();
  const watch = createProgressWatch(1000, clock);
  const client = { waiting: true, count: 0, givenUp: 0 };
  const progressing = {
    waits: () => client.waiting,
    bytes: () => client.count,
    giveUp: () => void (client.givenUp += 1),
  };
  watch.watch(progressing);
  return { clock, watch, client, progressing };
}

describe("a client that is watched", () => {
  test("is given up once, when it made no progress for the timeout", () => {
    const { clock, client } = setUp();
    clock.advance(999);
    expect(client.givenUp).toBe(0);
    clock.advance(1000);
    expect(client.givenUp).toBe(1);
    expect(clock.pending()).toBe(0);
  });

  test("is kept while it makes any progress", () => {
    const { clock, client } = setUp();
    for (let step = 0; step < 10; step += 1) {
      client.count += 1;
      clock.advance(900);
    }
    expect(client.givenUp).toBe(0);
  });

  test("is kept while it is not waited for", () => {
    const { clock, client } = setUp();
    client.waiting = false;
    clock.advance(5000);
    client.waiting = true;
    clock.advance(900);
    expect(client.givenUp).toBe(0);
  });

  test("is forgotten, and then nothing is left to wake for", () => {
    const { clock, watch, client, progressing } = setUp();
    watch.forget(progressing);
    clock.advance(5000);
    expect(client.givenUp).toBe(0);
    expect(clock.pending()).toBe(0);
  });

  test("is no longer watched when the watch is closed", () => {
    const { clock, watch } = setUp();
    watch.close();
    expect(clock.pending()).toBe(0);
  });
});

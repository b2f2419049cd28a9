import { expect, onTestFinished, test } from "vitest";
import { question, type State } from "../../../src/admin/question.ts";
import { breakers } from "../../../src/admin/resources/status.ts";
import { settingsOf } from "../../../src/config/load.ts";
import { createEventLoops, type EventLoops } from "../../../src/node/event-loops.ts";
import { cacheUse } from "../../../src/node/questions.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

/** A node with one event loop, in this thread; it does not listen. */
async function setUp(config: object = {}): Promise<EventLoops> {
  const quiet = () => undefined;
  const eventLoops = await createEventLoops({
    settings: await settingsOf({ workers: 1, ...config }, {}),
    clock: createFakeClock(),
    log: { info: quiet, warn: quiet, error: quiet, outcome: quiet },
    wallClockMs: () => 0,
    writeLog: quiet,
  });
  onTestFinished(() => eventLoops.stop());
  return eventLoops;
}

const upstreams = { openai: { url: "https://api.example.com", breaker: {} } };

test("a question is answered from what the event loop has", async () => {
  const eventLoops = await setUp({ upstreams });
  expect(await eventLoops.ask(breakers)).toEqual({ openai: "closed" });
  expect(await eventLoops.ask(cacheUse)).toEqual({ hits: 0, misses: 0 });
});

test("a question that nobody lists is refused with one worker too, where it could be asked", async () => {
  const eventLoops = await setUp();
  const unlisted = question({ name: "unlisted", reply: () => 1, merge: (replies) => replies.length });
  await expect(eventLoops.ask(unlisted)).rejects.toThrow("No resource lists the question unlisted.");
  const impostor = question({ name: "breakers", reply: () => 1, merge: (replies) => replies.length });
  await expect(eventLoops.ask(impostor)).rejects.toThrow("No resource lists the question breakers.");
});

test("a state has the value that was set last", async () => {
  const eventLoops = await setUp();
  const chosen: State<string> = { name: "chosen", initial: "none" };
  expect(eventLoops.get(chosen)).toBe("none");
  await eventLoops.set(chosen, "a");
  expect(eventLoops.get(chosen)).toBe("a");
});

test("settings that do not compile are refused, and those before stay in force", async () => {
  const eventLoops = await setUp({ upstreams });
  const keys = Array.from({ length: 100 }, (_, index) => ({
    name: `key-${index}`,
    sha256: index.toString(16).padStart(64, "0"),
    requestsPerMinute: 5,
  }));
  const next = await settingsOf({ workers: 1, permits: { max: 5 }, auth: { keys } }, {});
  const before = eventLoops.permits.available();
  await expect(eventLoops.apply(next)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(eventLoops.permits.available()).toBe(before);
  expect(await eventLoops.ask(breakers)).toEqual({ openai: "closed" });
});

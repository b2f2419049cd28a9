import { describe, expect, test } from "vitest";
import { createLineBatch, createLog, type LogLevel } from "../../../src/emit/log.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { outcome } from "./outcome.ts";

/** The wall clock of every log here, milliseconds since 1970. */
const nowMs = 1_700_000_000_123;

function createTestLog(level: LogLevel = "info") {
  const lines: Record<string, unknown>[] = [];
  const batch = { write: (line: string) => void lines.push(JSON.parse(line)), flush() {} };
  return { log: createLog({ level, batch, wallClockMs: () => nowMs }), lines };
}

function createTestBatch(maxChars = 1000) {
  const clock = createFakeClock();
  const written: string[] = [];
  return { clock, written, batch: createLineBatch((text) => written.push(text), { everyMs: 100, maxChars, clock }) };
}

describe("a batch of lines", () => {
  test("joins the lines of one interval into one text", () => {
    const { batch, clock, written } = createTestBatch();
    batch.write("a\n");
    clock.advance(60);
    batch.write("b\n");
    expect(written).toEqual([]);
    clock.advance(40);
    expect(written).toEqual(["a\nb\n"]);
  });

  test("is handed on at once when it is full, counted in characters", () => {
    const { batch, clock, written } = createTestBatch(6);
    batch.write("one\n");
    batch.write("two\n");
    expect(written).toEqual(["one\ntwo\n"]);
    expect(clock.pending()).toBe(0);
  });

  test("loses nothing on flush and writes nothing twice", () => {
    const { batch, clock, written } = createTestBatch();
    batch.write("a\n");
    batch.flush();
    batch.flush();
    clock.advance(1000);
    expect(written).toEqual(["a\n"]);
  });

  test("keeps no timer while it is empty", () => {
    const { batch, clock } = createTestBatch();
    batch.write("a\n");
    clock.advance(100);
    expect(clock.pending()).toBe(0);
  });
});

describe("the line of a call", () => {
  test("has the fields of the outcome under their own names", () => {
    const { log, lines } = createTestLog();
    log.outcome(
      outcome({ keyName: "team-a", promptTokens: 12, faults: ["cut"], upstream: "openai", overheadMs: 0.123456 }),
    );
    expect(lines).toMatchObject([
      {
        level: "info",
        msg: "call",
        id: "req-1",
        method: "POST",
        route: "/v1/chat/completions",
        model: "gpt-4o",
        stream: true,
        rule: "default",
        mode: "simulated",
        upstream: "openai",
        profile: "gpt-4o",
        status: 200,
        ending: "finish",
        faults: ["cut"],
        key: "team-a",
        client: "10.0.0.1",
        promptTokens: 12,
        outputTokens: 3,
        queueMs: 0,
        ttftMs: 250,
        totalMs: 280,
        overheadMs: 0.123,
      },
    ]);
  });

  test("names the planned first token of a simulated call", () => {
    const { log, lines } = createTestLog();
    log.outcome(outcome({ planned: { ttftMs: 249.5, totalMs: 300, tokens: 0, atMs: [] } }));
    expect(lines[0]).toMatchObject({ plannedTtftMs: 249.5 });
  });

  test("is a warning with the reason when we or the upstream failed, even after a good head", () => {
    const { log, lines } = createTestLog();
    log.outcome(outcome({ status: 503, cause: "QUEUE_TIMEOUT" }));
    log.outcome(outcome({ status: 200, ending: "reset", cause: "UPSTREAM_RESET" }));
    expect(lines.map(({ level, reason }) => [level, reason])).toEqual([
      ["warn", "No permit became free in time."],
      ["warn", "The upstream broke the connection."],
    ]);
  });

  test("is no warning when the caller made the error or a fault made the status", () => {
    const { log, lines } = createTestLog();
    log.outcome(outcome({ status: 400, cause: "BODY_INVALID" }));
    log.outcome(outcome({ status: 499, ending: "client-gone", cause: "CLIENT_GONE" }));
    log.outcome(outcome({ status: 529, faults: ["status"] }));
    expect(lines.map(({ level }) => level)).toEqual(["info", "info", "info"]);
  });

  test("stays one line whatever the caller names its model", () => {
    const texts: string[] = [];
    const batch = { write: (line: string) => void texts.push(line), flush() {} };
    const log = createLog({ level: "info", batch, wallClockMs: () => nowMs });
    log.outcome(outcome({ model: 'a"\n{"level":"error"}' }));
    expect(texts.join("").match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(texts.join(""))).toMatchObject({ model: 'a"\n{"level":"error"}' });
  });

  test("repeats no more than 256 characters of a caller's text", () => {
    const { log, lines } = createTestLog();
    log.outcome(outcome({ model: "m".repeat(1000), id: "i".repeat(1000), route: `/${"r".repeat(1000)}` }));
    for (const field of ["model", "id", "route"]) expect(String(lines[0]![field])).toHaveLength(257);
  });

  test("is not written above the level info", () => {
    const { log, lines } = createTestLog("warn");
    log.outcome(outcome());
    log.info({}, "started");
    log.warn({}, "kept");
    expect(lines.map(({ msg }) => msg)).toEqual(["kept"]);
  });
});

test("every line has the time of the wall clock that the log was given", () => {
  const { log, lines } = createTestLog();
  log.outcome(outcome());
  log.info({}, "started");
  expect(lines.map(({ time }) => time)).toEqual([nowMs, nowMs]);
});

test("the time is ISO 8601 in UTC where asked, in the line of a call and in any other", () => {
  const lines: { time: unknown }[] = [];
  const batch = { write: (line: string) => void lines.push(JSON.parse(line)), flush() {} };
  const log = createLog({ level: "info", time: "iso", batch, wallClockMs: () => nowMs });
  log.outcome(outcome());
  log.info({}, "started");
  expect(lines.map(({ time }) => time)).toEqual(["2023-11-14T22:13:20.123Z", "2023-11-14T22:13:20.123Z"]);
});

describe("the log of the app", () => {
  const canary = "sk-canary-0123456789abcdef";

  test("masks credentials in details and message", () => {
    const { log, lines } = createTestLog();
    log.error(
      { headers: { authorization: `Bearer ${canary}`, host: "a" } },
      `GET https://u:${canary}@h/?key=${canary}`,
    );
    expect(JSON.stringify(lines)).not.toContain(canary);
    expect(lines[0]).toMatchObject({ headers: { host: "a" } });
  });

  test("shows an error given by itself with its cause, masked", () => {
    const { log, lines } = createTestLog();
    log.error(new Error("outer", { cause: new Error(`token=${canary}`) }), "failed");
    expect(lines[0]).toMatchObject({ error: { message: "outer", cause: { message: "token=[redacted]" } } });
    expect(JSON.stringify(lines)).not.toContain(canary);
  });
});

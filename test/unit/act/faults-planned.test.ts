import { describe, expect, test } from "vitest";
import { setUpAct, type ActHarness, type ServedCall } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

type Fault = { readonly kind: string; readonly [option: string]: unknown };

async function simulated(...faults: Fault[]): Promise<ActHarness> {
  return await setUpAct({ rules: [{ name: "faulty", serve: "simulate", faults }] });
}

/** What a client sees of a simulated stream: head at 0 ms, tokens at 400, 415 and 430 ms, and the end at 430 ms. */
async function stream(...faults: Fault[]): Promise<ServedCall> {
  const act = await simulated(...faults);
  const call = act.serve({ body: chat({ stream: true }) });
  await act.advance(2000);
  return call;
}

describe("of a simulated stream", () => {
  test("status gives an error at once, and nothing is simulated", async () => {
    const call = await stream({ kind: "status", status: 429 });
    expect(call.log()).toEqual(["0 whole 429"]);
    expect(call.reply.header("x-stuntdouble-decision")).toBe("fault");
    expect(call.reply.header("x-stuntdouble-fault")).toBe("status");
    expect(call.outcome()).toMatchObject({ mode: "fault", faults: ["status"], status: 429, cause: undefined });
    expect(call.outcome().planned).toBeUndefined();
  });

  test("status answers even what could not be simulated", async () => {
    const act = await simulated({ kind: "status", status: 429 });
    const calls = [act.serve({ body: { model: "steady" } }), act.serve({ path: "/v1/audio/speech" })];
    expect(calls.map((call) => call.log())).toEqual([["0 whole 429"], ["0 whole 429"]]);
  });

  test("replace gives an error when the head would have left", async () => {
    const call = await stream({ kind: "delay", ms: 100 }, { kind: "replace", status: 503 });
    expect(call.log()).toEqual(["100 whole 503"]);
    expect(call.outcome()).toMatchObject({ mode: "fault", faults: ["delay", "replace"], status: 503 });
  });

  test("delay makes all come later", async () => {
    const call = await stream({ kind: "delay", ms: 100 });
    expect(call.log()).toEqual(["100 head 200", "500 write", "515 write", "530 write", "530 end"]);
  });

  test("hang falls silent until the client leaves", async () => {
    const act = await simulated({ kind: "hang", afterTokens: 1 });
    const call = act.serve({ body: chat({ stream: true }) });
    await act.advance(60_000);
    expect(call.log()).toEqual(["0 head 200", "400 write"]);
    expect(act.permits.inFlight()).toBe(1);
    call.reply.leave();
    expect(call.outcome()).toMatchObject({ ending: "stall", status: 200, faults: ["hang"], cause: undefined });
  });

  test("cut closes the connection without an end", async () => {
    const call = await stream({ kind: "cut", afterTokens: 2 });
    expect(call.log()).toEqual(["0 head 200", "400 write", "415 write", "415 cut"]);
    expect(call.outcome()).toMatchObject({ ending: "cut", faults: ["cut"], cause: undefined });
  });

  test("cut before the head leaves the client without any", async () => {
    const call = await stream({ kind: "cut" });
    expect(call.log()).toEqual(["0 cut"]);
    expect(call.outcome()).toMatchObject({ ending: "cut", status: 0 });
  });

  test("reset breaks the connection", async () => {
    const call = await stream({ kind: "reset", afterTokens: 1 });
    expect(call.log()).toEqual(["0 head 200", "400 write", "400 reset"]);
    expect(call.outcome()).toMatchObject({ ending: "reset", faults: ["reset"] });
  });

  test("drip sends the same bytes slowly", async () => {
    const plain = await stream();
    const call = await stream({ kind: "drip", bytesPerSecond: 1000, sliceBytes: 100 });
    expect(call.reply.text()).toBe(plain.reply.text());
    const writes = call.reply.sent.flatMap((each) => (each[1] === "write" ? [Buffer.from(each[2]).length] : []));
    expect(Math.max(...writes)).toBe(100);
    expect(call.log().slice(0, 3)).toEqual(["0 head 200", "500 write", "600 write"]);
  });

  test("malformed damages the JSON of one event", async () => {
    const call = await stream({ kind: "malformed", afterTokens: 1 });
    const events = call.reply.text().split("\n\n").slice(0, -2);
    const broken = events.filter((event) => !isJson(event.slice("data: ".length)));
    expect(broken).toHaveLength(1);
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: ["malformed"] });
  });

  test("clean-end ends properly without the final marker", async () => {
    const call = await stream({ kind: "clean-end" });
    expect(call.reply.text()).not.toContain("[DONE]");
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: ["clean-end"] });
  });

  test("error-event puts the provider's error before the first token, and ends", async () => {
    const call = await stream({ kind: "error-event", message: "Too busy." });
    expect(call.log()).toEqual(["0 head 200", "400 write", "400 end"]);
    expect(call.reply.text()).toContain("Too busy.");
    expect(call.outcome()).toMatchObject({ status: 200, ending: "finish", faults: ["error-event"] });
  });

  test("a fault whose point is never reached does not count", async () => {
    const call = await stream({ kind: "cut", afterTokens: 9 });
    expect(call.log().at(-1)).toBe("430 end");
    expect(call.reply.header("x-stuntdouble-fault")).toBe("cut");
    expect(call.outcome()).toMatchObject({ ending: "finish", faults: [] });
  });

  test("several act one on what the other passed on", async () => {
    const call = await stream({ kind: "delay", ms: 10 }, { kind: "cut", afterTokens: 1 });
    expect(call.log()).toEqual(["10 head 200", "410 write", "410 cut"]);
    expect(call.outcome().faults).toEqual(["delay", "cut"]);
  });
});

describe("of a simulated JSON response", () => {
  test("a slow error is status with delay", async () => {
    const act = await simulated({ kind: "status", status: 503 }, { kind: "delay", ms: 250 });
    const call = act.serve();
    await act.advance(250);
    expect(call.log()).toEqual(["250 whole 503"]);
    expect(call.outcome().faults).toEqual(["status", "delay"]);
  });

  test("cut after some bytes sends just those", async () => {
    const act = await simulated({ kind: "cut", afterBytes: 10 });
    const call = act.serve();
    await act.advance(430);
    expect(call.reply.text()).toHaveLength(10);
    expect(call.log().at(-1)).toBe("430 cut");
  });
});

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

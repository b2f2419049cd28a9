import { describe, expect, test } from "vitest";
import { setUpAct } from "../../support/act.ts";
import { chat } from "../../support/request.ts";

const stream = (tokens: number) => ({
  headers: { "x-stuntdouble": `ttft=1000, itl=10, tokens=${tokens}` },
  body: chat({ stream: true }),
});

describe("the budget of memory", () => {
  test("refuses a simulated stream that does not fit beside those that wait, in the dialect's words", async () => {
    const act = await setUpAct({ limits: { plannedBytes: 15_000 }, control: { enabled: true } });
    const [first, second] = [act.serve(stream(100)), act.serve(stream(100))];
    await act.advance();
    expect(second.reply.status()).toBe(503);
    expect(second.reply.header("retry-after")).toBe("1");
    expect(JSON.parse(second.reply.text()).error).toMatchObject({ type: "server_error", code: "MEMORY_FULL" });
    expect(second.outcome()).toMatchObject({ status: 503, cause: "MEMORY_FULL" });
    first.reply.leave();
  });
});

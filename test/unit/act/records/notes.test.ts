import { expect, test } from "vitest";
import { recordOf } from "../../../../src/core/records/record-of.ts";
import { forwarding, setUpAct } from "../../../support/act.ts";
import { streamHead, tokenEvent } from "../../../support/fake-upstream.ts";
import { chat } from "../../../support/request.ts";

const recorded = { ...forwarding, records: {} };

const usageEvent = `data: ${JSON.stringify({
  choices: [],
  usage: { prompt_tokens: 900, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 512 } },
})}\n\n`;

test("the record of a forwarded stream has the upstream's usage, its gaps and the calls in flight", async () => {
  const { serve, advance } = await setUpAct(recorded);
  const other = serve();
  const call = serve({ body: chat({ stream: true }) });
  await advance();
  const upstream = call.upstream();
  upstream.head(200, streamHead);
  await advance(100);
  upstream.data(tokenEvent("Hel"));
  await advance(20);
  upstream.data(tokenEvent("lo"));
  upstream.data(usageEvent);
  upstream.data("data: [DONE]\n\n");
  upstream.end();
  await advance();
  other.upstream().json(200, {});
  await advance();
  expect(recordOf(call.outcome())).toMatchObject({
    promptTokens: 900,
    cachedTokens: 512,
    inFlight: 2,
    mode: "real",
    upstream: "openai",
    actual: { ttftMs: 100, totalMs: 120, outputTokens: 4, gapsMs: [20] },
  });
});

test("the record of a forwarded stream that tells no usage has the prompt tokens that are counted here", async () => {
  const { serve, advance } = await setUpAct(recorded);
  const call = serve({ body: chat({ stream: true }) });
  await advance();
  const upstream = call.upstream();
  upstream.head(200, streamHead);
  upstream.data(tokenEvent("Hello"));
  upstream.data("data: [DONE]\n\n");
  upstream.end();
  await advance();
  expect(recordOf(call.outcome()).promptTokens).toBeGreaterThan(0);
});

test("the record of a forwarded response in one piece has the upstream's usage", async () => {
  const { serve, advance } = await setUpAct(recorded);
  const call = serve();
  await advance();
  call.upstream().json(200, { choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } });
  await advance();
  expect(recordOf(call.outcome())).toMatchObject({ promptTokens: 12, actual: { outputTokens: 3 } });
});

test("the record of a call that a gateway only shows says so, and has no calls in flight, of which it is none", async () => {
  const { watch } = await setUpAct(recorded);
  const call = watch();
  call.show().json(200, { choices: [], usage: { prompt_tokens: 12, completion_tokens: 3 } });
  const record = recordOf(call.outcome());
  expect(record).toMatchObject({ observed: true, mode: "real", promptTokens: 12, actual: { outputTokens: 3 } });
  expect(record.inFlight).toBeUndefined();
});

test("the record of a refused call has no calls in flight, since it never began", async () => {
  const { refuse } = await setUpAct(recorded);
  const record = recordOf(refuse("BODY_TOO_LARGE").outcome());
  expect([record.status, record.inFlight]).toEqual([413, undefined]);
});

test("a stream of which a record is kept is asked for uncompressed", async () => {
  const { serve, advance } = await setUpAct(recorded);
  const call = serve({ body: chat({ stream: true }), headers: { "accept-encoding": "gzip" } });
  await advance();
  expect(call.upstream().header("accept-encoding")).not.toBe("gzip");
  call.upstream().json(500, {});
  await advance();
});

test("a gateway shows the response to a call of which a record is kept", async () => {
  const { serve, advance } = await setUpAct(recorded);
  const call = serve({ carried: true });
  await advance();
  expect(call.upstream().passage?.need).toBe("read");
  call.upstream().json(200, {});
  await advance();
});

test("where no records are kept nothing is noted, and a stream is forwarded as its caller asks for it", async () => {
  const { serve, advance } = await setUpAct(forwarding);
  const call = serve({ body: chat({ stream: true }), headers: { "accept-encoding": "gzip" } });
  await advance();
  expect(call.upstream().header("accept-encoding")).toBe("gzip");
  call.upstream().json(200, {});
  await advance();
  expect(call.outcome().notes).toBeUndefined();
});

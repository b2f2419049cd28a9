import { describe, expect, test } from "vitest";
import { forwarding, setUpAct, type ActHarness } from "../../../support/act.ts";
import { chat } from "../../../support/request.ts";
import { runningOf } from "../../core/experiments/running.ts";

const agent = { "user-agent": "Tester/1.0" };

/** The upstream responds with a status and headers to a call of a client. */
function responded(
  act: ActHarness,
  status: number,
  { headers = {}, body = {}, sent = {} }: { headers?: Record<string, string>; body?: unknown; sent?: object } = {},
): void {
  const call = act.serve({ headers: { ...agent, ...sent } });
  call.upstream().head(status, { "content-type": "application/json", ...headers });
  call.upstream().data(JSON.stringify(body));
  call.upstream().end();
}

test("a retry that waits as it was asked is one request of two attempts, which succeeded on the second", async () => {
  const act = await setUpAct(forwarding);
  responded(act, 429, { headers: { "retry-after": "2" } });
  await act.advance(2000);
  responded(act, 200);
  expect(act.clients()).toEqual([
    expect.objectContaining({
      userAgent: "Tester/1.0",
      requests: 1,
      attempts: 2,
      attemptsPerRequest: 2,
      succeeded: 1,
      succeededOnAttempt: { "1": 0, "2": 1, "3": 0, "4": 0, "5+": 0 },
      gaveUp: 0,
      retries: { total: 1, nothingAsked: 0, asAsked: 1, tooEarly: 0, ignored: 0, earlyByMs: undefined, unwanted: {} },
    }),
  ]);
});

test.each([
  ["retry-after", "2", 1200, { tooEarly: 1, earlyByMs: 800 }],
  ["retry-after", "2", 100, { ignored: 1, earlyByMs: 1900 }],
  ["retry-after-ms", "150", 160, { asAsked: 1 }],
  ["retry-after", "soon", 100, { nothingAsked: 1 }],
  ["x-other", "2", 100, { nothingAsked: 1 }],
])("a retry %s: %s that comes after %d ms", async (name, value, waitMs, seen) => {
  const act = await setUpAct(forwarding);
  responded(act, 503, { headers: { [name]: value } });
  await act.advance(waitMs);
  responded(act, 200);
  expect(act.clients()[0]?.retries).toMatchObject({ total: 1, ...seen });
});

test.each([
  [400, {}, {}, "400"],
  [401, {}, {}, "401"],
  [404, {}, {}, "404"],
  [413, {}, {}, "4xx"],
  [429, { error: { code: "insufficient_quota" } }, {}, "quota"],
  [400, { error: { code: "content_filter" } }, {}, "content"],
  [429, {}, { "x-should-retry": "false" }, "told-not-to"],
])("a retry of %d with %j %j is one of no use", async (status, body, headers, kind) => {
  const act = await setUpAct(forwarding);
  responded(act, status, { body, headers });
  responded(act, status, { body, headers });
  expect(act.clients()[0]?.retries.unwanted).toEqual({ [kind]: 1 });
});

test("who does not try again within the window has given up, and is open until then; what no retry mends has failed", async () => {
  const act = await setUpAct({ ...forwarding, clients: { windowMs: 1000 } });
  responded(act, 500, { sent: { "x-other": "1" } });
  await act.advance(900);
  expect(act.clients()[0]).toMatchObject({ gaveUp: 0, failed: 0, open: 1 });
  await act.advance(200);
  expect(act.clients()[0]).toMatchObject({ gaveUp: 1, failed: 0, open: 0 });
  responded(act, 400);
  await act.advance(1100);
  expect(act.clients()[0]).toMatchObject({ gaveUp: 1, failed: 1, requests: 2, attempts: 2 });
});

test("a retry that is under way is not given up", async () => {
  const act = await setUpAct({ ...forwarding, clients: { windowMs: 1000 } });
  responded(act, 500);
  await act.advance(500);
  const call = act.serve({ headers: agent });
  await act.advance(3000);
  expect(act.clients()[0]).toMatchObject({ gaveUp: 0 });
  call.upstream().json(200, {});
  expect(act.clients()[0]).toMatchObject({ gaveUp: 0, succeeded: 1, requests: 1 });
});

test("a client that leaves has hung up, after so long", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers: agent });
  await act.advance(700);
  call.reply.leave();
  expect(act.clients()[0]).toMatchObject({ hungUp: { total: 1, afterMs: 700 } });
});

test("a broken response is told, and whether another attempt followed", async () => {
  const act = await setUpAct(forwarding);
  const broken = act.serve({ headers: agent });
  broken.upstream().head(200);
  broken.upstream().data("half");
  broken.upstream().failed("UPSTREAM_RESET");
  responded(act, 200);
  expect(act.clients()[0]).toMatchObject({ brokenResponses: { total: 1, retried: 1 }, succeeded: 1, requests: 1 });
});

test("another body, path or key is another request", async () => {
  const act = await setUpAct(forwarding);
  responded(act, 500);
  act
    .serve({ headers: agent, body: chat({ n: 1 }) })
    .upstream()
    .json(500, {});
  act.serve({ headers: agent, path: "/v1/other" }).upstream().json(500, {});
  act
    .serve({ headers: { ...agent, "x-api-key": "mine" } })
    .upstream()
    .json(500, {});
  expect(act.clients()[0]).toMatchObject({ requests: 4, attempts: 4 });
});

test("attempts with one idempotency key are one request, whatever their bodies say", async () => {
  const act = await setUpAct(forwarding);
  const headers = { ...agent, "idempotency-key": "one" };
  act
    .serve({ headers, body: chat({ n: 1 }) })
    .upstream()
    .json(500, {});
  act
    .serve({ headers, body: chat({ n: 2 }) })
    .upstream()
    .json(200, {});
  expect(act.clients()[0]).toMatchObject({ requests: 1, attempts: 2, succeeded: 1 });
});

test("a retry whose first attempt was at another node is one by its own count", async () => {
  const act = await setUpAct(forwarding);
  responded(act, 200, { sent: { "x-stainless-retry-count": "2" } });
  expect(act.clients()[0]).toMatchObject({ attempts: 1, retries: { total: 1, nothingAsked: 0 } });
  expect(act.clients()[0]?.succeededOnAttempt).toMatchObject({ "3": 1 });
  expect(act.outcomes[0]?.attempt).toBe(3);
});

test("a client with a named key is known by it, and others by their user agent", async () => {
  const key = { name: "team", env: "TEAM_KEY" };
  const act = await setUpAct({ ...forwarding, auth: { mode: "identify", keys: [key] } }, { env: { TEAM_KEY: "k" } });
  responded(act, 200, { sent: { authorization: "Bearer k" } });
  responded(act, 200, { sent: { authorization: "Bearer other" } });
  expect(act.clients().map(({ key, userAgent }) => key ?? userAgent)).toEqual(["team", "Tester/1.0"]);
});

test("clients beyond those that have a place are counted together", async () => {
  const act = await setUpAct(forwarding);
  for (let index = 0; index < 40; index += 1) responded(act, 200, { sent: { "user-agent": `Agent/${index}` } });
  const [others, ...named] = act.clients();
  expect(others).toMatchObject({ others: true, attempts: 8 });
  expect(named).toHaveLength(32);
});

test("nothing is counted where that is turned off", async () => {
  const act = await setUpAct({ ...forwarding, clients: { enabled: false } });
  responded(act, 500);
  responded(act, 200);
  expect(act.clients()).toEqual([]);
});

test("a body that is forgotten while its response flows still tells its retry", async () => {
  const act = await setUpAct(forwarding);
  const body = chat({ user: "u".repeat(200_000) });
  const first = act.serve({ headers: agent, body });
  first.upstream().head(200);
  first.upstream().failed("UPSTREAM_RESET");
  act.serve({ headers: agent, body }).upstream().json(200, {});
  expect(act.clients()[0]).toMatchObject({ requests: 1, attempts: 2 });
});

describe("in the scope of an experiment", () => {
  const staging = { "x-env": "staging" };
  const scoped = async (): Promise<ActHarness> => {
    const act = await setUpAct({ ...forwarding, clients: { windowMs: 1000 } });
    act.chaos.set([runningOf({ match: { header: { "x-env": "staging" } } }, { slot: 31, endsAtMs: Infinity })]);
    return act;
  };

  test("only its calls are counted, and all of them in the counts of the node", async () => {
    const act = await scoped();
    responded(act, 200);
    responded(act, 503, { headers: { "retry-after": "1" }, sent: staging });
    await act.advance(1000);
    responded(act, 200, { sent: staging });
    expect(act.clients(31)).toEqual([
      expect.objectContaining({
        requests: 1,
        attempts: 2,
        succeeded: 1,
        retries: expect.objectContaining({ asAsked: 1 }) as object,
      }),
    ]);
    expect(act.clients()[0]).toMatchObject({ requests: 2, attempts: 3, succeeded: 2 });
    expect(act.clients(0)).toEqual([]);
  });

  test("a request is given up in the scope that its attempt had", async () => {
    const act = await scoped();
    responded(act, 503, { sent: staging });
    responded(act, 503, { body: { other: true } });
    await act.advance(2000);
    expect([act.clients(31)[0]?.gaveUp, act.clients()[0]?.gaveUp]).toEqual([1, 1]);
  });
});

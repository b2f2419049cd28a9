import { expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

const names = ["decision", "rule", "seed", "fault"].map((name) => `x-stuntdouble-${name}`);

test("responses say what was decided, unless they shall not", async () => {
  const rules = [
    {
      name: "limited",
      match: { header: { "x-env": "test" } },
      serve: "simulate",
      faults: [{ kind: "status", status: 503 }],
    },
  ];
  const shown = async (responseHeaders: boolean, headers = {}): Promise<(string | undefined)[]> => {
    const act = await setUpAct({ rules, responseHeaders });
    const call = act.serve({ headers, body: chat({ stream: true }) });
    await act.advance(1000);
    return names.map((name) => call.reply.header(name));
  };
  expect(await shown(true)).toEqual(["simulate", "default", expect.any(String), undefined]);
  expect(await shown(false)).toEqual([undefined, undefined, undefined, undefined]);
  expect(await shown(false, { "x-env": "test" })).toEqual([undefined, undefined, undefined, undefined]);
});

test("what was decided of a call with such a response is recorded all the same", async () => {
  const act = await setUpAct({ ...forwarding, responseHeaders: false });
  const call = act.serve();
  call.upstream().json(200, {});
  expect(call.reply.header("x-stuntdouble-decision")).toBeUndefined();
  expect(call.outcome()).toMatchObject({ rule: "default", mode: "real" });
});

test("a client that leaves a real stream at its final marker has all of it", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ body: chat({ stream: true }) });
  const upstream = call.upstream();
  upstream.head(200, streamHead);
  upstream.data(tokenEvent("Hi"));
  upstream.data("data: [DONE]\n\n");
  await act.advance(1);
  call.reply.leave();
  expect(call.outcome()).toMatchObject({ ending: "finish", status: 200, cause: undefined });
  expect(upstream.aborted).toBe(true);
});

test("a client that leaves a real stream before its final marker is gone", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ body: chat({ stream: true }) });
  call.upstream().head(200, streamHead);
  call.upstream().data(tokenEvent("Hi"));
  await act.advance(1);
  call.reply.leave();
  expect(call.outcome()).toMatchObject({ ending: "client-gone", cause: "CLIENT_GONE" });
});

test("a client that leaves while the final marker still waits for it is gone", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ body: chat({ stream: true }) });
  call.upstream().head(200, streamHead);
  call.reply.slow = true;
  call.upstream().data(tokenEvent("Hi"));
  call.upstream().data("data: [DONE]\n\n");
  call.reply.leave();
  expect(call.outcome()).toMatchObject({ ending: "client-gone" });
});

import { expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";

test.each([
  ["neither", {}, { "x-forwarded-for": "10.0.0.9", forwarded: "for=10.0.0.9" }],
  ["X-Forwarded-For alone", { "x-forwarded-for": "1.1.1.1" }, { "x-forwarded-for": "1.1.1.1, 10.0.0.9" }],
  [
    "Forwarded alone",
    { forwarded: "for=1.1.1.1" },
    { "x-forwarded-for": "10.0.0.9", forwarded: "for=1.1.1.1, for=10.0.0.9" },
  ],
  [
    "both",
    { "x-forwarded-for": "1.1.1.1, 2.2.2.2", forwarded: "for=1.1.1.1" },
    { "x-forwarded-for": "1.1.1.1, 2.2.2.2, 10.0.0.9", forwarded: "for=1.1.1.1, for=10.0.0.9" },
  ],
])("the peer is appended to a request that names its senders by %s", async (_what, headers, expected) => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers, peer: "10.0.0.9" });
  const { header, outgoing } = call.upstream();
  expect({ "x-forwarded-for": header("x-forwarded-for"), forwarded: header("forwarded") }).toEqual({
    forwarded: undefined,
    ...expected,
  });
  const names = outgoing.headers.filter((_part, index) => index % 2 === 0);
  expect(new Set(names).size).toBe(names.length);
  call.upstream().json(200, {});
});

test("an IPv6 address is quoted in Forwarded", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ peer: "2001:db8::1" });
  expect(call.upstream().header("forwarded")).toBe('for="[2001:db8::1]"');
  call.upstream().json(200, {});
});

test("where no peer is told, the headers go on as they came", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers: { "x-forwarded-for": "1.1.1.1" } });
  expect(call.upstream().header("x-forwarded-for")).toBe("1.1.1.1");
  expect(call.upstream().header("forwarded")).toBeUndefined();
  call.upstream().json(200, {});
});

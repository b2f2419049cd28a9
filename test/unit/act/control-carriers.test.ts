import { expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";

const allowed = { ...forwarding, control: { enabled: true, aliases: true } };
const fault = 'stuntdouble="fault=status;status=418"';

test("baggage says what the control header would say, by the same leave and limits", async () => {
  const act = await setUpAct({ ...forwarding, control: { enabled: true, faults: ["status"], maxDelayMs: 100 } });
  const status = (baggage: string): number => act.serve({ headers: { baggage } }).outcome().status;
  expect(status(`userId=1,${fault}`)).toBe(418);
  expect(status("stuntdouble=fault%3Dcut")).toBe(400);
  expect(status("stuntdouble=simulate%2C%20ttft%3D500")).toBe(400);
});

test("baggage has no effect where the control header has none", async () => {
  const act = await setUpAct(forwarding);
  act
    .serve({ headers: { baggage: fault } })
    .upstream()
    .json(200, {});
  const locked = await setUpAct(
    { ...forwarding, control: { enabled: true, tokenEnv: "TOKEN" } },
    { env: { TOKEN: "secret" } },
  );
  locked
    .serve({ headers: { baggage: fault } })
    .upstream()
    .json(200, {});
  const told = locked.serve({ headers: { baggage: `stuntdouble="token=secret, fault=status;status=418"` } });
  expect([act.outcomes[0]?.status, locked.outcomes[0]?.status, told.outcome().status]).toEqual([200, 200, 418]);
});

test("the control header comes before baggage", async () => {
  const act = await setUpAct(allowed);
  const call = act.serve({ headers: { baggage: fault, "x-stuntdouble": "fault=status;status=503" } });
  expect(call.outcome().status).toBe(503);
});

test.each([
  ["userId=alice, stuntdouble=ttft%3D1;p=1, b=2", "userId=alice, b=2"],
  ["stuntdouble=ttft%3D1", undefined],
  ["a=1;x=2,b=%20", "a=1;x=2,b=%20"],
])("of baggage %s the upstream gets %s", async (baggage, left) => {
  for (const enabled of [true, false]) {
    const act = await setUpAct({ ...forwarding, control: { enabled } });
    for (const carried of [true, false]) {
      const call = act.serve({ headers: { baggage }, carried, id: `carried-${carried}` });
      expect(call.upstream().header("baggage")).toBe(left);
      call.upstream().json(200, {});
    }
  }
});

test.each([
  ["x-return-error", "429", 429],
  ["x-mock-status", "503", 503],
  ["x-mock-status", "many", 400],
  ["x-aimock-chaos-drop", "1", 500],
  ["x-aimock-chaos-drop", "1.0", 500],
  ["x-aimock-chaos-drop", "2", 400],
  ["x-aimock-chaos-ratelimit", "1", 429],
  ["x-aimock-chaos-disconnect", "1", 0],
])("%s: %s gets %d where aliases are read", async (name, value, status) => {
  const act = await setUpAct(allowed);
  const call = act.serve({ headers: { [name]: value } });
  for (const asked of call.asked) asked.json(200, {});
  expect(call.outcome().status).toBe(status);
});

test.each([{ enabled: true }, { enabled: false, aliases: true }])(
  "headers of other mocks have no effect with %j",
  async (control) => {
    const act = await setUpAct({ ...forwarding, control });
    const call = act.serve({ headers: { "x-mock-status": "503", "x-aimock-chaos-drop": "1" } });
    expect(call.upstream().header("x-mock-status")).toBe("aliases" in control ? undefined : "503");
    call.upstream().json(200, {});
    expect(call.outcome().status).toBe(200);
  },
);

test("aliases have no token, so they do nothing where one is needed, and keep to the faults that are allowed", async () => {
  const control = { enabled: true, aliases: true };
  const locked = await setUpAct(
    { ...forwarding, control: { ...control, tokenEnv: "TOKEN" } },
    { env: { TOKEN: "secret" } },
  );
  locked
    .serve({ headers: { "x-mock-status": "503" } })
    .upstream()
    .json(200, {});
  expect(locked.outcomes[0]?.status).toBe(200);
  const few = await setUpAct({ ...forwarding, control: { ...control, faults: ["cut"] } });
  expect(few.serve({ headers: { "x-mock-status": "503" } }).outcome().status).toBe(400);
});

test("aimock's rates are percentages, and its latency a delay", async () => {
  const act = await setUpAct(allowed);
  const call = act.serve({ headers: { "x-aimock-chaos-drop": "0", "x-aimock-chaos-latency": "400" } });
  call.upstream().json(200, {});
  await act.advance(399);
  expect(call.reply.sent).toEqual([]);
  await act.advance(2);
  expect(call.outcome().status).toBe(200);
});

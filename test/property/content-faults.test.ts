import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bendLive, prepareFault } from "../../src/core/faults/index.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { headerValue } from "../../src/core/headers.ts";
import type { Reply } from "../../src/core/replies/types.ts";
import type { FaultConfig, Frame, Head } from "../../src/core/types.ts";
import { apis, responseOf, shapes } from "../unit/core/faults/apis.ts";

const kinds = {
  event: ["lost", "duplicated", "reordered", "cut", "unknown-type", "wrong-index", "wrong-id", "after-end"],
  framing: ["cr", "crlf", "bom", "split-utf8", "checksum"],
  content: ["refusal", "filtered", "empty", "length", "wrong-schema", "other-model"],
  "tool-call": ["unknown-name", "invalid-json", "wrong-schema", "duplicate-ids"],
  usage: ["missing", "zero", "absurd"],
};
const ofContent: readonly FaultConfig[] = Object.entries(kinds).flatMap(([kind, all]) =>
  all.map((what) => ({ kind, what })),
);
const others: readonly FaultConfig[] = [
  { kind: "event", what: "huge", bytes: 1000 },
  ...["malformed", "clean-end", "error-event", "cut", "reset", "hang", "stall"].map((kind) => ({ kind })),
  { kind: "malformed", what: "truncated-json" },
  { kind: "drip", sliceBytes: 7 },
  { kind: "content-length", by: -1 },
  { kind: "content-type" },
  { kind: "bad-gzip" },
  { kind: "replace", status: 502 },
];
const withoutPoint = new Set([...Object.keys(kinds), "content-length", "content-type", "bad-gzip", "replace", "drip"]);

/** With a point that is counted in events: how the tokens of one call are spread over its events, only the simulator knows. */
const anyFault = fc
  .tuple(fc.constantFrom(...ofContent, ...others), fc.nat({ max: 3 }))
  .map(([fault, afterEvents]): FaultConfig => {
    const isEvent = fault.kind === "event" && fault["what"] !== "after-end";
    return isEvent || !withoutPoint.has(fault.kind) ? { ...fault, afterEvents } : fault;
  });

const replies: readonly Reply[] = [
  { text: "Grüße aus Köln, it is 5 €." },
  { json: { city: "Oslo", days: [1, 2] } },
  {
    toolCalls: [
      { name: "weather", arguments: { city: "Oslo" } },
      { name: "weather", arguments: { city: "Rome" } },
    ],
  },
];

/** A body cut into packets anywhere, also within a character. */
function packets(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % bytes.length))].toSorted((a, b) => a - b);
  return [...at, bytes.length].map((to, index) => bytes.subarray(at[index - 1] ?? 0, to));
}

/** What a client gets of a response that arrives in these packets, bent as it arrives. */
function received(
  { about, plan, bytes }: ReturnType<typeof responseOf>,
  chosen: readonly FaultConfig[],
  cuts: readonly number[],
) {
  const { dialect, target } = about;
  const head: Head = plan.head ?? { status: 0, headers: [] };
  const got: Uint8Array[] = [];
  const fired: string[] = [];
  const clock = createFakeClock(0);
  let ending: string | undefined;
  const client = {
    head: () => undefined,
    data: ({ data }: Frame) => void got.push(Buffer.from(data)),
    end: (_atMs: number, given: string) => void (ending = given),
  };
  const sink = bendLive(
    client,
    chosen.map((config) => prepareFault(config)),
    {
      ...about,
      fired: (kind) => void fired.push(kind),
      at: (atMs, task) => void clock.wake(atMs - clock.now(), () => task(clock.now())),
    },
  );
  sink.head(0, head);
  const type = (headerValue(head.headers, "content-type") ?? "").toLowerCase();
  const reader = dialect.readStream(type, target);
  const whole = (data: Uint8Array): Frame => ({ atMs: 0, data, tokens: 0, final: false });
  for (const packet of packets(bytes(), cuts))
    for (const frame of reader?.push(0, packet) ?? [whole(packet)]) sink.data(frame);
  const rest = reader?.flush(0);
  if (rest !== undefined) sink.data(rest);
  sink.end(0, "finish");
  clock.advance(1e9);
  return { bytes: Buffer.concat(got), fired: fired.toSorted(), ending };
}

test("a fault bends a real response of any API, in whatever packets it arrives, as it bends the simulated one", () => {
  const calls = fc.record({
    api: fc.constantFrom(...apis),
    shape: fc.constantFrom(...shapes),
    reply: fc.constantFrom(...replies),
    chosen: fc.array(anyFault, { minLength: 1, maxLength: 2 }),
    cuts: fc.array(fc.nat(), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(calls, ({ api, shape, reply, chosen, cuts }) => {
      fc.pre(api.tools !== undefined || reply.toolCalls === undefined);
      const response = responseOf(api, shape, { reply, more: (reply.toolCalls && api.tools) ?? {} });
      const { plan, bytes, fired } = response.bend(...chosen);
      expect(received(response, chosen, cuts)).toEqual({
        bytes: bytes(),
        fired: fired.toSorted(),
        ending: plan.ending,
      });
    }),
    { numRuns: 600 },
  );
});

const signs = ["comments", "pings", "emptyDeltas"] as const;

test.each(apis.flatMap((api) => signs.map((sign) => ({ name: api.name, sign, api }))))(
  "a stall of $name that sends $sign sends the same in a real stream as in a simulated one, or is refused in both",
  ({ api, sign }) => {
    const response = responseOf(api, "streamed", { reply: { text: "Hello there, you." } });
    const stall = { kind: "stall", with: sign, everyMs: 100, forMs: 350, afterEvents: 4 };
    const of = (bytes: Buffer): string => bytes.toString("latin1").replaceAll(/"created_at":"[^"]*"/g, "");
    const attempt = (bend: () => Buffer): string => {
      try {
        return of(bend());
      } catch (error) {
        return String(error);
      }
    };
    const planned = attempt(() => response.bend(stall).bytes());
    expect(attempt(() => received(response, [stall], [100, 200]).bytes)).toBe(planned);
    expect(planned).not.toBe(of(response.bytes()));
  },
);

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { bendLive, prepareFault } from "../../src/core/faults/index.ts";
import { headerValue } from "../../src/core/headers.ts";
import type { Reply } from "../../src/core/replies/types.ts";
import type { FaultConfig, Frame, Head } from "../../src/core/types.ts";
import { apis, responseOf, shapes } from "../unit/core/faults/apis.ts";

const kinds = {
  event: ["lost", "duplicated", "reordered", "cut", "unknown-type", "wrong-index", "wrong-id", "after-end"],
  framing: ["cr", "crlf", "bom", "split-utf8"],
  content: ["refusal", "filtered", "empty", "length", "wrong-schema", "other-model"],
  "tool-call": ["unknown-name", "invalid-json", "wrong-schema", "duplicate-ids"],
  usage: ["missing", "zero", "absurd"],
};
const faults: readonly FaultConfig[] = Object.entries(kinds).flatMap(([kind, all]) =>
  all.map((what) => ({ kind, what })),
);

/** With a point that is counted in events: how the tokens of one call are spread over its events, only the simulator knows. */
const anyFault = fc
  .tuple(fc.constantFrom(...faults), fc.nat({ max: 3 }))
  .map(([fault, afterEvents]) =>
    fault.kind === "event" && fault["what"] !== "after-end" ? { ...fault, afterEvents } : fault,
  );

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
      const response = responseOf(api, shape, { reply, more: reply.toolCalls ? api.tools : {} });
      const { dialect, target, plan } = response;
      const head: Head = plan.head ?? { status: 0, headers: [] };
      const planned = response.bend(...chosen);
      const got: Uint8Array[] = [];
      const fired: string[] = [];
      const sink = bendLive(
        { head: () => undefined, data: ({ data }) => void got.push(Buffer.from(data)), end: () => undefined },
        chosen.map((config) => prepareFault(config)),
        {
          dialect,
          model: "m",
          requestId: "req_1",
          target,
          fired: (kind) => void fired.push(kind),
          at: () => undefined,
        },
      );
      sink.head(0, head);
      const type = (headerValue(head.headers, "content-type") ?? "").toLowerCase();
      const reader = dialect.readStream(type, target);
      const whole = (data: Uint8Array): Frame => ({ atMs: 0, data, tokens: 0, final: false });
      for (const bytes of packets(response.bytes(), cuts))
        for (const frame of reader?.push(0, bytes) ?? [whole(bytes)]) sink.data(frame);
      const rest = reader?.flush(0);
      if (rest !== undefined) sink.data(rest);
      sink.end(0, "finish");
      expect(Buffer.concat(got)).toEqual(planned.bytes());
      expect(fired.toSorted()).toEqual(planned.fired.toSorted());
    }),
    { numRuns: 300 },
  );
});

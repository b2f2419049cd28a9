import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createResponseMemory, createKeptResponses } from "../../src/limits/kept-responses.ts";

const memory = createResponseMemory();
const loops = [createKeptResponses(memory, 0), createKeptResponses(memory, 1)] as const;

/** Up to 900 KB, so that the memory is full after some twenty. */
const text = fc
  .tuple(fc.string({ unit: "grapheme", maxLength: 8 }), fc.nat(100_000))
  .map(([piece, times]) => `${piece}x`.repeat(times));
const step = fc.record({
  what: fc.constantFrom("keep" as const, "keep" as const, "keep" as const, "find" as const, "forget" as const),
  loop: fc.constantFrom(0 as const, 1 as const),
  id: fc.nat(30).map((number) => `resp_${number}`),
  text,
});

test("whatever is kept, found and forgotten by whom, what is found is what was kept last", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), (steps) => {
      const last = new Map<string, string | undefined>();
      for (let number = 0; number <= 30; number += 1) loops[0].forget(`resp_${number}`);
      for (const { what, loop, id, text } of steps) {
        if (what === "keep") {
          const before = last.get(id);
          loops[loop].keep(id, [text]);
          const fits = Buffer.byteLength(`${id}\n${text}`) <= 1024 * 1024;
          last.set(id, fits ? text : before);
          if (fits) expect(loops[1 - loop]!.find(id) === text).toBe(true);
        } else if (what === "forget") {
          const known = loops[loop].find(id) !== undefined;
          expect(loops[loop].forget(id)).toBe(known);
          last.delete(id);
        }
        const found = loops[loop].find(id);
        expect(found === undefined || found === last.get(id)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

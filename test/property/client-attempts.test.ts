import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createCallNumbers, createNumberMemory } from "../../src/limits/clients/call-numbers.ts";
import { createOpenRequestMemory, createOpenRequests } from "../../src/limits/clients/open-requests.ts";

const givenUp = (): void => undefined;

function createLoops(memory = createOpenRequestMemory()) {
  return [0, 1].map((worker) => createOpenRequests({ memory, worker, windowMs: () => 1000, givenUp }));
}

test("attempts of a request are numbered without a gap, whichever event loop sees each, until one is a success", () => {
  const attempts = fc.array(
    fc.record({ loop: fc.constantFrom(0, 1), request: fc.nat({ max: 5 }), success: fc.boolean() }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(attempts, (list) => {
      const loops = createLoops();
      const failedInARow = new Map<number, number>();
      for (const { loop, request, success } of list) {
        const id = { high: request, low: request * 7 };
        const before = failedInARow.get(request) ?? 0;
        const open = loops[loop];
        expect(open?.begin(id, 0)?.attempts ?? 0).toBe(before);
        const failed = {
          attempts: before + 1,
          kind: "retryable",
          client: 0,
          scopes: 0,
          endedAtMs: 0,
          askedMs: undefined,
        } as const;
        if (success) open?.done(id);
        else open?.failed(id, request, failed);
        failedInARow.set(request, success ? 0 : before + 1);
        expect(loops.map((each) => each.mayHold(request))).toEqual(Array(2).fill(!success));
      }
    }),
  );
});

test("no call is counted twice or lost, however two event loops take turns", () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ loop: fc.constantFrom(0, 1), group: fc.constantFrom("a", "b", undefined) })),
      (calls) => {
        const memory = createNumberMemory();
        const loops = [0, 1].map((worker) => createCallNumbers(memory, worker, () => 1000));
        const numbers = new Map<string | undefined, number[]>();
        for (const { loop, group } of calls) {
          const number = loops[loop]?.next("rule", group, 0) ?? 0;
          numbers.set(group, [...(numbers.get(group) ?? []), number]);
        }
        for (const list of numbers.values()) expect(list).toEqual(list.map((_, index) => index + 1));
      },
    ),
  );
});

import { expect, expectTypeOf, test } from "vitest";
import { question, valueOf, type Cloneable, type State } from "../../../src/admin/question.ts";
import type { NodeView } from "../../../src/admin/resource.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { createTestNode } from "./node-view.ts";

const latest = question({
  name: "latest",
  reply: (loop, limit: number) => loop.journal.last(limit),
  merge: (replies) => replies.flat(),
});

test("a question gives what its merge gives, and takes what its reply takes", async () => {
  const node: NodeView = createTestNode();
  const total = node.ask(latest, 5);
  expectTypeOf(total).resolves.toEqualTypeOf<Outcome[]>();
  expect(await total).toEqual([]);
  // @ts-expect-error the argument is missing
  await node.ask(latest);
  // @ts-expect-error the argument is a number
  await node.ask(latest, "5");
});

test("a reply that no other thread can be sent does not compile", () => {
  const reply = (): (() => number) => () => 1;
  // @ts-expect-error a function cannot be cloned
  const asked = question({ name: "code", reply, merge: (replies: readonly unknown[]) => replies.length });
  expect(() => structuredClone(asked.reply)).toThrow("could not be cloned");
});

test("a state has its initial value until it is set, and then any value of its type, null included", () => {
  const chosen: State<string | null> = { name: "chosen", initial: "none" };
  const values = new Map<string, Cloneable>();
  expect(valueOf(values, chosen)).toBe("none");
  values.set("chosen", null);
  expect(valueOf(values, chosen)).toBeNull();
});

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, type Node } from "../../support/node.ts";
import { pythonWith } from "../../support/programs/index.ts";
import type { ScriptedUpstream } from "../../support/upstream.ts";
import { callBreaks, startBreakingProvider, streamBreaks, type Break } from "./breaking-provider.ts";
import { clients, type Asked } from "./clients.ts";
import { callFaults, streamFaults } from "./faults.ts";
import { outcomeOf } from "./outcome-of.ts";
import { pythonModules, pythonOutcomes } from "./python-clients.ts";

/** The same break met in three ways: of the provider itself, of the provider behind a node, and injected by the node. */
type Ways = { readonly direct: Asked; readonly forwarded: Asked; readonly injected: Asked };

const controls = new Map([...callFaults, ...streamFaults].map(({ label, control }) => [label, control]));
const shapes = [
  { shape: "whole", breaks: callBreaks },
  { shape: "streamed", breaks: [...callBreaks, ...streamBreaks] },
] as const;

let healthy: Node;
let provider: ScriptedUpstream;
let proxy: Node;
beforeAll(async () => {
  healthy = await startNode({ control: { enabled: true } });
  provider = await startBreakingProvider(healthy.url);
  proxy = await startNode({
    upstreams: { provider: { url: provider.url } },
    control: { enabled: true },
    default: { serve: "forward" },
  });
});
afterAll(async () => {
  await Promise.all([proxy.stop(), provider.stop()]);
  await healthy.stop();
});

function waysOf({ name }: Break): Ways {
  const headers = { "x-break": name };
  return {
    direct: { url: provider.url, headers },
    forwarded: { url: proxy.url, headers },
    injected: { url: proxy.url, headers: { "x-stuntdouble": controls.get(name)! } },
  };
}

const direct = (): Asked => ({ url: provider.url, headers: {} });

describe.each(clients)("$name sees a provider that breaks as it does without a node in between", (client) => {
  test.each(shapes)("$shape", { timeout: 120_000 }, async ({ shape, breaks }) => {
    const good = await client[shape](direct());
    const seenBy = async (way: keyof Ways) => {
      const seen: Record<string, string> = {};
      // A few at a time: the clients wait for one second only.
      for (let from = 0; from < breaks.length; from += 4) {
        const some = breaks.slice(from, from + 4);
        const outcomes = await Promise.all(some.map((each) => outcomeOf(client[shape], waysOf(each)[way], good)));
        for (const [at, { name }] of some.entries()) seen[name] = outcomes[at]!;
      }
      return seen;
    };
    const seen = {
      direct: await seenBy("direct"),
      forwarded: await seenBy("forwarded"),
      injected: await seenBy("injected"),
    };
    const expected = breaks.map(({ name, forwardedAs = name }) => [name, seen.direct[forwardedAs]]);
    expect(seen.forwarded).toEqual(Object.fromEntries(expected));
    expect(seen.injected).toEqual(seen.direct);
  });
});

describeWith("Python clients", pythonWith(pythonModules), "and so do those for Python", (python) => {
  test("for each shape and break", { timeout: 480_000 }, async () => {
    const every = (breaks: readonly Break[]): Asked[] => breaks.flatMap((each) => Object.values(waysOf(each)));
    const [whole, streamed] = shapes.map(({ breaks }) => every(breaks));
    const rows = await pythonOutcomes(python, { patience: 5, healthy: direct(), whole: whole!, streamed: streamed! });
    const unequal = shapes.flatMap(({ shape, breaks }) => {
      const ways = breaks.map((_, at) => rows[shape].slice(3 * at, 3 * at + 3));
      const directly = (name: string) => ways[breaks.findIndex((each) => each.name === name)]?.[0];
      return breaks.flatMap(({ name, forwardedAs = name }, at) => {
        const expected = [directly(name), directly(forwardedAs), directly(name)];
        return String(ways[at]) === String(expected) ? [] : [{ shape, name, seen: ways[at], expected }];
      });
    });
    expect(unequal).toEqual([]);
  });
});

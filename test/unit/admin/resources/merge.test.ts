import { expect, test } from "vitest";
import { createShadowStore } from "../../../../src/core/shadow/store.ts";
import type { Outcome } from "../../../../src/core/types.ts";
import { createAdmin } from "../../../../src/admin/server.ts";
import { outcome, timeline } from "../../emit/outcome.ts";
import { createTestNode, type TestLoop } from "../node-view.ts";

const get = async <Value>(loops: readonly TestLoop[], path: string): Promise<Value> => {
  const app = createAdmin(createTestNode(loops), { tokenSha256: () => undefined, failed: () => undefined });
  return (await app.inject(path)).json<Value>();
};

test("the requests of all event loops are one list, the newest first", async () => {
  const at = (id: string, startedAtMs: number) => outcome({ id, startedAtMs });
  const loops = [{ outcomes: [at("d", 40), at("a", 10)] }, { outcomes: [at("c", 30), at("b", 20)] }, {}];
  const { requests } = await get<{ requests: Outcome[] }>(loops, "/admin/v1/requests");
  expect(requests.map(({ id }) => id)).toEqual(["d", "c", "b", "a"]);
});

test("no more requests are looked through than one event loop keeps", async () => {
  const many = (name: string) => Array.from({ length: 700 }, (_, index) => outcome({ id: `${name}-${index}` }));
  const loops = [{ outcomes: many("a") }, { outcomes: many("b") }];
  const { requests } = await get<{ requests: Outcome[] }>(loops, "/admin/v1/requests?limit=1000");
  expect(requests).toHaveLength(1000);
});

test("the shadowed calls of all event loops are compared together", async () => {
  const loops = [1, 2].map(() => {
    const shadow = createShadowStore();
    shadow.add("gpt-4o", true, { real: timeline(250, 265), simulated: timeline(240, 256) });
    return { shadow };
  });
  expect(await get(loops, "/admin/v1/shadow")).toMatchObject({ strata: [{ model: "gpt-4o", pairs: 2 }] });
});

test("a breaker is shown once, however many event loops know it", async () => {
  const loops: TestLoop[] = [{ breakers: { openai: "open", other: "closed" } }, { breakers: { openai: "open" } }];
  expect(await get(loops, "/admin/v1/status")).toMatchObject({ breakers: { openai: "open", other: "closed" } });
});

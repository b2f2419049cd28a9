import { nearestOf } from "../../core/issues.ts";
import { maxReplies } from "../../limits/reply-counts.ts";
import { ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { givenReplies, givenSchema, type Given, type GivenConfig } from "../replies/given.ts";
import { json, route, type NodeView, type Resource } from "../resource.ts";

/** How often replies were given so far, by their slots; all event loops count in one place. */
const counted = question({
  name: "replyCounts",
  reply: (loop, slots: readonly number[]) => ({ counts: slots.map((slot) => loop.replies.count(slot)) }),
  merge: ([first]) => first?.counts ?? [],
});

/** Names of the latency profiles that there are. */
const profiles = question({
  name: "profileNames",
  reply: (loop) => loop.runtime().snapshot.profiles.map(({ name }) => name),
  merge: ([first]) => first ?? [],
});

const path = "/admin/v1/replies";

/** `POST`, `GET` and `DELETE /admin/v1/replies`, and one by its id */
export const replies: Resource = {
  questions: [counted, profiles],
  routes: [
    route({
      method: "POST",
      path,
      summary: "says what comes back to the calls that match; `times` and `ttlMs` limit it",
      respond: ({ node, body }) => oneByOne(node, () => add(node, body)),
    }),
    route({
      method: "GET",
      path,
      summary: "the replies that are there, in the order in which they are tried, and how often each was given",
      respond: async ({ node }) => json({ replies: await shownAll(node) }),
    }),
    route({
      method: "DELETE",
      path,
      summary: "deletes all replies",
      respond: ({ node }) => oneByOne(node, () => keep(node, () => false)),
    }),
    route({
      method: "GET",
      path: `${path}/:id`,
      summary: "one reply, and how often it was given",
      respond: async ({ node, id }) => json(known(await shownAll(node), id)),
    }),
    route({
      method: "DELETE",
      path: `${path}/:id`,
      summary: "deletes a reply",
      async respond({ node, id }) {
        return await oneByOne(node, async () => {
          known(node.get(givenReplies).list, id);
          return await keep(node, (given) => given.id !== id);
        });
      },
    }),
  ],
};

const busy = new WeakMap<NodeView, Promise<unknown>>();

/** Changes come one after another: each begins with what the one before has told all event loops. */
async function oneByOne<Value>(node: NodeView, change: () => Promise<Value>): Promise<Value> {
  const before = busy.get(node) ?? Promise.resolve();
  const changed = before.then(change, change);
  busy.set(node, changed);
  return await changed;
}

async function add(node: NodeView, body: unknown) {
  const config = await checked(node, body);
  const { next, list } = node.get(givenReplies);
  const fresh = await withRoom(node, list);
  const slot = freeSlot(next, fresh);
  const [base = 0] = await node.ask(counted, [slot]);
  const { times, ttlMs } = config;
  const given: Given = {
    id: `reply-${next}`,
    config: JSON.stringify(config),
    slot,
    base,
    max: times === undefined ? undefined : base + times,
    untilMs: ttlMs === undefined ? undefined : Date.now() + ttlMs,
  };
  await node.set(givenReplies, { next: next + 1, list: [...fresh, given] });
  return json(shown(given, base), 201);
}

async function checked(node: NodeView, body: unknown): Promise<GivenConfig> {
  const { data, error } = givenSchema.safeParse(body);
  if (data === undefined) {
    const errors = error.issues.map(({ path: at, message }) =>
      at.length === 0 ? message : `${at.join(".")}: ${message}`,
    );
    throw new ProblemError(400, "The reply has errors.", { errors });
  }
  const { profile } = data;
  if (profile === undefined) return data;
  const names = await node.ask(profiles);
  if (names.includes(profile)) return data;
  const hint = nearestOf(profile, names);
  const wrong = `profile: unknown profile "${profile}".${hint === undefined ? "" : ` Did you mean "${hint}"?`}`;
  throw new ProblemError(400, "The reply has errors.", { errors: [wrong] });
}

/** The replies that still may be given, and where there is room those that have run out, too. */
async function withRoom(node: NodeView, list: readonly Given[]): Promise<readonly Given[]> {
  const fresh = list.filter(isFresh);
  if (fresh.length < maxReplies / 2) return fresh;
  const counts = await node.ask(
    counted,
    fresh.map(({ slot }) => slot),
  );
  const left = fresh.filter(({ max = Infinity }, index) => (counts[index] ?? 0) < max);
  if (left.length < maxReplies / 2) return left;
  throw new ProblemError(409, `There are ${left.length} replies already; delete some.`);
}

function isFresh({ untilMs = Infinity }: Given): boolean {
  return untilMs > Date.now();
}

/** In turn, so that no event loop can still know another reply of the slot. */
function freeSlot(next: number, list: readonly Given[]): number {
  const taken = new Set(list.map(({ slot }) => slot));
  let slot = next % maxReplies;
  while (taken.has(slot)) slot = (slot + 1) % maxReplies;
  return slot;
}

async function keep(node: NodeView, kept: (given: Given) => boolean) {
  const { next, list } = node.get(givenReplies);
  const left = list.filter(kept);
  await node.set(givenReplies, { next, list: left });
  return json({ deleted: list.length - left.length });
}

async function shownAll(node: NodeView) {
  const list = node.get(givenReplies).list.filter(isFresh);
  const counts = await node.ask(
    counted,
    list.map(({ slot }) => slot),
  );
  return list.map((given, index) => shown(given, counts[index] ?? given.base));
}

function shown({ id, config, base, untilMs }: Given, count: number) {
  const parsed: GivenConfig = JSON.parse(config);
  const until = untilMs === undefined ? {} : { until: new Date(untilMs).toISOString() };
  return { id, ...parsed, given: count - base, ...until };
}

function known<Value extends { readonly id: string }>(list: readonly Value[], id: string): Value {
  const found = list.find((each) => each.id === id);
  if (found === undefined) throw new ProblemError(404, `There is no reply ${id}.`);
  return found;
}

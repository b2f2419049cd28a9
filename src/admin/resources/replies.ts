import { z } from "zod";
import { nearestOf } from "../../core/issues.ts";
import { wallClockMs } from "../../limits/clock.ts";
import { maxReplies } from "../../limits/reply-counts.ts";
import { invalidBody, ProblemError } from "../problem.ts";
import { question } from "../question.ts";
import { givenReplies, givenSchema, type Given, type GivenConfig } from "../replies/given.ts";
import { sends } from "../described.ts";
import { listed, next, paging } from "../list.ts";
import { pageOf, type Key } from "../page.ts";
import { json, route, type AdminRequest, type NodeView, type Resource } from "../resource.ts";

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

const deleted = z.object({ deleted: z.int().min(0) });
const shownReply = z.looseObject({
  id: z.string(),
  match: z.looseObject({}),
  given: z.int().describe("How often it was given"),
  until: z.iso.datetime().optional(),
});

/** `POST`, `GET` and `DELETE /admin/v1/replies`, and one by its id */
export const replies: Resource = {
  questions: [counted, profiles],
  routes: [
    route({
      method: "POST",
      path,
      summary: "says what comes back to the calls that match; `times` and `ttlMs` limit it",
      body: { schema: givenSchema },
      responds: sends(shownReply, 201),
      refuses: [409],
      isVersioned: true,
      respond: (request) => oneByOne(request.node, () => add(request)),
    }),
    route({
      method: "GET",
      path,
      summary: "the replies that are there, in the order in which they are tried, and how often each was given",
      parameters: paging(maxReplies),
      responds: sends(z.object({ replies: z.array(shownReply), next })),
      isVersioned: true,
      async respond({ node, query: { limit = maxReplies, cursor }, linkTo }) {
        const keyOf = ({ id }: { id: string }): Key => [Number(id.replace(/^\D*/, "")), ""];
        const page = pageOf(await shownAll(node), { limit: Number(limit), cursor, keyOf, isDescending: false });
        return listed("replies", page, { linkTo, version: versionOfAll(node) });
      },
    }),
    route({
      method: "DELETE",
      path,
      summary: "deletes all replies",
      responds: sends(deleted),
      isVersioned: true,
      respond: (request) =>
        oneByOne(request.node, async () => {
          request.requireVersion(versionOfAll(request.node));
          return await keep(request, () => false);
        }),
    }),
    route({
      method: "GET",
      path: `${path}/:id`,
      summary: "one reply, and how often it was given",
      responds: sends(shownReply),
      refuses: [404],
      isVersioned: true,
      respond: async ({ node, id }) => json(known(await shownAll(node), id), 200, id),
    }),
    route({
      method: "DELETE",
      path: `${path}/:id`,
      summary: "deletes a reply",
      responds: sends(deleted),
      refuses: [404],
      isVersioned: true,
      async respond(request) {
        const { node, id, requireVersion } = request;
        return await oneByOne(node, async () => {
          known(node.get(givenReplies).list, id);
          requireVersion(id);
          return await keep(request, (given) => given.id !== id);
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

async function add({ node, body, audit, requireVersion }: AdminRequest) {
  requireVersion(versionOfAll(node));
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
    untilMs: ttlMs === undefined ? undefined : wallClockMs() + ttlMs,
  };
  await node.set(givenReplies, { next: next + 1, list: [...fresh, given] });
  audit("reply added", { id: given.id });
  return json(shown(given, base), 201);
}

async function checked(node: NodeView, body: unknown): Promise<GivenConfig> {
  const { data, error } = givenSchema.safeParse(body);
  if (data === undefined) {
    const errors = error.issues.map(({ path: at, message }) =>
      at.length === 0 ? message : `${at.join(".")}: ${message}`,
    );
    throw invalidBody("The reply has errors.", errors);
  }
  const { profile } = data;
  if (profile === undefined) return data;
  const names = await node.ask(profiles);
  if (names.includes(profile)) return data;
  const hint = nearestOf(profile, names);
  const wrong = `profile: unknown profile "${profile}".${hint === undefined ? "" : ` Did you mean "${hint}"?`}`;
  throw invalidBody("The reply has errors.", [wrong]);
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
  return untilMs > wallClockMs();
}

/** In turn, so that no event loop can still know another reply of the slot. */
function freeSlot(next: number, list: readonly Given[]): number {
  const taken = new Set(list.map(({ slot }) => slot));
  let slot = next % maxReplies;
  while (taken.has(slot)) slot = (slot + 1) % maxReplies;
  return slot;
}

async function keep({ node, id, audit }: AdminRequest, kept: (given: Given) => boolean) {
  const { next, list } = node.get(givenReplies);
  const left = list.filter(kept);
  await node.set(givenReplies, { next, list: left });
  const count = list.length - left.length;
  if (id === "") audit("replies deleted", { count });
  else audit("reply deleted", { id });
  return json({ deleted: count });
}

function versionOfAll(node: NodeView): string {
  return `replies ${node
    .get(givenReplies)
    .list.map(({ id }) => id)
    .join()}`;
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

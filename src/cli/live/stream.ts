import { setTimeout as sleep } from "node:timers/promises";
import { withDelta, type Delta, type LiveState } from "../../admin/dashboard/state.ts";
import { AdminError, adminPlace, createAdminClient, type AdminFlags } from "../admin-client.ts";
import type { Io } from "../args.ts";
import { readEvents } from "./events.ts";

/** What is told of a node while it is looked at. */
export type Told =
  /** The state; `delta` is what is new in it, and absent of the first one of a connection. */
  | { readonly kind: "state"; readonly state: LiveState; readonly delta: Delta | undefined }
  /** The connection is lost; it is tried again until it comes back. */
  | { readonly kind: "lost"; readonly reason: string };

const againMs = 1000;
/** A node tells something each second; after so long a silence it is gone. */
const maxSilenceMs = 10_000;

/**
 * Follows a node, over restarts of it.
 *
 * @param signal ends it
 * @throws AdminError where the node cannot be reached at first, or refuses
 */
export async function* followNode(flags: AdminFlags, io: Pick<Io, "env">, signal: AbortSignal): AsyncGenerator<Told> {
  // Says in full what is wrong with the place or the token.
  await createAdminClient(flags, io.env).send("GET", "status");
  for (;;) {
    let reason: string;
    try {
      yield* connection(flags, io, signal);
      reason = "the node ended it";
    } catch (error) {
      if (error instanceof AdminError) throw error;
      reason = reasonOf(error);
    }
    if (signal.aborted) return;
    yield { kind: "lost", reason };
    await sleep(againMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
  }
}

async function* connection(flags: AdminFlags, { env }: Pick<Io, "env">, stopped: AbortSignal): AsyncGenerator<Told> {
  const silent = new AbortController();
  const timer = setTimeout(() => silent.abort(new Error("it was silent for 10 seconds")), maxSilenceMs);
  try {
    const { url, token } = adminPlace(flags, env);
    const response = await fetch(new URL("/admin/v1/live", url), {
      headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), accept: "text/event-stream" },
      signal: AbortSignal.any([silent.signal, stopped]),
    });
    if (response.status === 401 || response.status === 403 || response.status === 404)
      throw new AdminError(`the admin API responded with ${response.status} to a request for what happens`);
    if (!response.ok || response.body === null) throw new Error(`it responded with ${response.status}`);
    let state: LiveState | undefined;
    for await (const { name, data } of readEvents(response.body)) {
      timer.refresh();
      if (name === "state") {
        const first: LiveState = JSON.parse(data);
        state = first;
        yield { kind: "state", state, delta: undefined };
      } else if (name === "delta" && state !== undefined) {
        const delta: Delta = JSON.parse(data);
        state = withDelta(state, delta);
        yield { kind: "state", state, delta };
      }
    }
  } finally {
    clearTimeout(timer);
    silent.abort();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

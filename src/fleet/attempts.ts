import { hash } from "node:crypto";
import type { SharedAttempts } from "../limits/clients/shared-attempts.ts";
import type { Layout } from "./redis/layout.ts";
import type { Link } from "./redis/link.ts";
import { countScript, failedScript, runScript } from "./redis/scripts.ts";

/** What attempts are shared with. */
export type SharedAttemptsOptions = {
  readonly link: Pick<Link, "isUp" | "send">;
  readonly layout: Pick<Layout, "attempts" | "calls">;
};

/** Digits that tell one request from another. */
const idDigits = 32;

/**
 * Makes what counts attempts over all nodes. Nothing is kept of a request that succeeds at once. While Redis is down each node
 * counts what comes to it; what it counted then is not told afterwards.
 */
export function createSharedAttempts({ link, layout }: SharedAttemptsOptions): SharedAttempts {
  const ask = async (sent: () => Promise<unknown>): Promise<number | undefined> => {
    if (!link.isUp()) return undefined;
    // The link has told of it; this node counts by itself.
    return await sent().then(Number, () => undefined);
  };
  return {
    failedBefore: (id) => ask(async () => (await link.send(["GET", layout.attempts(hashed(id))])) ?? 0),
    next: (id, livesMs) => ask(() => runScript(link, countScript, runOf(layout.calls(hashed(id)), livesMs))),
    failed(id, attempts, livesMs) {
      void ask(() => runScript(link, failedScript, runOf(layout.attempts(hashed(id)), livesMs, attempts)));
    },
    done: (id) => void ask(() => link.send(["DEL", layout.attempts(hashed(id))])),
  };
}

function runOf(key: string, livesMs: number, ...more: readonly number[]) {
  return { keys: [key], args: [Math.max(1, Math.ceil(livesMs)), ...more].map(String) };
}

function hashed(id: string): string {
  return hash("sha256", id).slice(0, idDigits);
}

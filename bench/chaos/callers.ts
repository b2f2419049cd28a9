import { Agent, request } from "undici";

/** One call that did not end as it should have. */
export type Loss = {
  readonly kind: string;
  readonly why: string;
  /** When it began and when it was lost, on the clock of `performance.now()`. */
  readonly beganMs: number;
  readonly endedMs: number;
};

/** Callers that ask one thing after the other, until they are told to stop. */
export type Callers = {
  /** Calls that have ended so far. */
  count(): number;
  losses(): readonly Loss[];
  stop(): Promise<void>;
};

type Kind = { readonly name: string; readonly forwarded: boolean; readonly streamed: boolean };

const kinds: readonly Kind[] = [
  { name: "simulated", forwarded: false, streamed: false },
  { name: "simulated stream", forwarded: false, streamed: true },
  { name: "forwarded", forwarded: true, streamed: false },
  { name: "forwarded stream", forwarded: true, streamed: true },
];

/** No caller waits longer for one call. */
const patienceMs = 20_000;

/** Starts so many callers; each goes through all kinds of calls in turn. */
export function startCallers(url: string, wanted: number): Callers {
  const agent = new Agent({ connections: wanted, pipelining: 1 });
  const losses: Loss[] = [];
  const state = { ended: 0, stopping: false };
  const callOnce = async (kind: Kind): Promise<void> => {
    const beganMs = performance.now();
    const why = await ask(url, kind, agent);
    state.ended += 1;
    if (why !== undefined) losses.push({ kind: kind.name, why, beganMs, endedMs: performance.now() });
  };
  const callers = Array.from({ length: wanted }, async (_, from) => {
    for (let turn = from; !state.stopping; turn += 1) {
      const kind = kinds[turn % kinds.length];
      if (kind !== undefined) await callOnce(kind);
    }
  });
  return {
    count: () => state.ended,
    losses: () => losses,
    async stop() {
      state.stopping = true;
      await Promise.all(callers);
      await agent.close();
    },
  };
}

/** Undefined when the response came whole, else what was wrong with it. */
async function ask(url: string, { forwarded, streamed }: Kind, dispatcher: Agent): Promise<string | undefined> {
  const headers = {
    "content-type": "application/json",
    ...(forwarded && { "x-chaos": "forward" }),
    ...(streamed && { "x-chaos-stream": "yes" }),
  };
  const messages = [{ role: "user", content: "Say hello" }];
  const body = JSON.stringify({ model: "gpt-4o", stream: streamed, max_tokens: 20, messages });
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const response = await request(`${url}/v1/chat/completions`, { method: "POST", headers, body, dispatcher, signal });
    const text = await response.body.text();
    if (response.statusCode !== 200) return `status ${response.statusCode}: ${text.slice(0, 100)}`;
    return isWhole(text, streamed) ? undefined : `cut after ${text.length} bytes`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function isWhole(text: string, streamed: boolean): boolean {
  if (streamed) return text.endsWith("data: [DONE]\n\n");
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

import {
  chatRequest,
  compiled,
  figure,
  load,
  median,
  spread,
  startServer,
  startStuntdouble,
  listening,
  type Figure,
  type Running,
} from "./lib.ts";
import { featuresOn } from "./figures.ts";

const adminGoalMs = 250;
const recoveryGoalMs = 1000;
const repeats = 3;
/** Connections for the requests of so many seconds: if none were refused or held, each would wait so long for its response. */
const connectedSeconds = 2;
const maxConnections = 9000;
/** What was sent when the load ended is handled by then. */
const settleMs = 3000;

/** Twice as many requests a second as the node can handle: what still gets its response, and whether the node can be asked. */
export async function overload(): Promise<Figure[]> {
  const server = await compiled("server");
  await compiled("load");
  const stub = await startServer([server, "9324", "json"], () => listening(9324), "1");
  const kinds = {
    simulated: "default: { serve: simulate, profile: instant }\n",
    forwarded: 'upstreams: { stub: { url: "http://127.0.0.1:9324" } }\ndefault: { serve: forward }\n',
  };
  const figures: Figure[] = [];
  for (const [kind, config] of Object.entries(kinds)) {
    const node = await startStuntdouble(`overload-${kind}`, `${featuresOn}${config}`, 9320);
    figures.push(...(await overloaded(kind, node)));
    await node.stop();
  }
  await stub.stop();
  return figures;
}

async function overloaded(kind: string, { pid }: Running): Promise<Figure[]> {
  const request = chatRequest({ stream: false });
  // The provider of forwarded calls runs beside the load, which never sleeps: it would be the provider that is overloaded.
  const target = { port: 9320, pid, request, seconds: 5, givesWay: true };
  for (let round = 0; round < 2; round += 1) await load({ ...target, connections: 64 });
  const capacityNow = async (): Promise<number> => {
    const { responses, seconds } = await load({ ...target, connections: 64 });
    return responses / seconds;
  };
  const ratios: number[] = [];
  const adminMs: number[] = [];
  const recoveredMs: number[] = [];
  let before = await capacityNow();
  for (let round = 0; round < repeats; round += 1) {
    const asking = askAdmin();
    const connections = Math.min(maxConnections, Math.round(connectedSeconds * before));
    const twice = await load({ ...target, connections, rate: Math.round(2 * before) });
    adminMs.push(await asking.slowestMs());
    recoveredMs.push(await recoveryMs());
    await new Promise((resolve) => setTimeout(resolve, settleMs));
    const after = await capacityNow();
    // What the machine can do differs from one second to the next.
    ratios.push(twice.good / twice.seconds / ((before + after) / 2));
    before = after;
  }
  console.log(
    `overload ${kind}   good responses ${spread(ratios, 2)} of capacity, admin API at worst ${spread(adminMs)} ms, recovered in ${spread(recoveredMs)} ms`,
  );
  const name = `twice the capacity, ${kind}`;
  return [
    figure(`${name}: good responses / capacity`, median(ratios), { atLeast: 0.95 }),
    figure(`${name}: slowest reply of the admin API`, median(adminMs), { atMost: adminGoalMs, digits: 0, unit: " ms" }),
    figure(`${name}: until responses are fast again`, median(recoveredMs), {
      atMost: recoveryGoalMs,
      digits: 0,
      unit: " ms",
    }),
  ];
}

/** Asks the admin API again and again until it is asked for the slowest reply, in milliseconds. */
function askAdmin(): { slowestMs(): Promise<number> } {
  const state = { over: false, slowest: 0 };
  const asking = (async () => {
    while (!state.over) {
      const from = performance.now();
      await (await fetch("http://127.0.0.1:9321/admin/v1/status")).arrayBuffer();
      state.slowest = Math.max(state.slowest, performance.now() - from);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  })();
  return {
    async slowestMs() {
      state.over = true;
      await asking;
      return state.slowest;
    },
  };
}

/** How long after the load a request still fails or takes more than 50 ms, in milliseconds. */
async function recoveryMs(): Promise<number> {
  const begin = performance.now();
  for (;;) {
    const from = performance.now();
    const body = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
    const response = await fetch("http://127.0.0.1:9320/v1/chat/completions", {
      method: "POST",
      headers: { authorization: "Bearer sk-bench", "content-type": "application/json" },
      body,
    });
    await response.arrayBuffer();
    if (response.ok && performance.now() - from < 50) return performance.now() - begin;
  }
}

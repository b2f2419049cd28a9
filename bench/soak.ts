import { readdir } from "node:fs/promises";
import { featuresOn } from "./figures.ts";
import { liveHeapBytes } from "./heap.ts";
import {
  chatRequest,
  compiled,
  figure,
  listening,
  load,
  residentKib,
  startServer,
  startStuntdouble,
  type Figure,
} from "./lib.ts";

const minutes = Number(process.env["SOAK_MINUTES"] ?? "10");
const inspectorPort = 9374;
const mib = 1024 * 1024;

/** Mixed load for ten minutes: JSON and streams, simulated and forwarded, whole and broken. Nothing may grow. */
export async function soak(): Promise<Figure[]> {
  await compiled("load");
  const server = await compiled("server");
  const stub = await startServer([server, "9372", "sse", "20", "20000", "5000"], () => listening(9372), "1");
  const config = `${featuresOn}
  - { name: real, match: { percentage: 40 }, serve: forward, upstream: stub, mirror: simulate }
  - { name: cut, match: { percentage: 10 }, serve: forward, upstream: stub, faults: [ { kind: cut, afterTokens: 5 } ] }
  - { name: broken, match: { percentage: 10 }, serve: simulate, profile: instant, faults: [ { kind: reset, afterTokens: 5 } ] }
  - { name: refused, match: { percentage: 10 }, serve: simulate, faults: [ { kind: status, status: 429 } ] }
upstreams: { stub: { url: "http://127.0.0.1:9372" } }
default: { serve: simulate, profile: instant }
`;
  const ours = await startStuntdouble("soak", config, 9370, [`--inspect=127.0.0.1:${inspectorPort}`]);
  const request = chatRequest({ stream: true });
  const samples: { liveMib: number; responses: number; handles: number; inFlight: number }[] = [];
  for (let minute = 0; minute < minutes; minute += 1) {
    const { responses, seconds } = await load({
      port: 9370,
      pid: ours.pid,
      connections: 64,
      seconds: 48,
      request,
      itlMs: 5,
    });
    await new Promise((resolve) => setTimeout(resolve, 2000));
    const sample = {
      liveMib: (await liveHeapBytes(inspectorPort)) / mib,
      responses: responses / seconds,
      handles: (await readdir(`/proc/${ours.pid}/fd`)).length,
      inFlight: await inFlight(9371),
    };
    console.log(
      `soak minute ${minute + 1}    ${sample.responses.toFixed(0)} responses/s, live heap ${sample.liveMib.toFixed(1)} MiB, ${await residentKib(ours.pid)} KiB resident, ${sample.handles} handles, ${sample.inFlight} permits held`,
    );
    samples.push(sample);
  }
  await ours.stop();
  await stub.stop();
  const half = samples.slice(Math.floor(samples.length / 2));
  const growth = half.at(-1)!.liveMib - half[0]!.liveMib;
  return [
    figure("soak, growth of the live heap over the second half", growth, { atMost: 8, digits: 1, unit: " MiB" }),
    figure("soak, handles at the end against the first minute", samples.at(-1)!.handles - samples[0]!.handles, {
      atMost: 8,
      digits: 0,
    }),
    figure("soak, permits held when idle", samples.at(-1)!.inFlight, { atMost: 0, digits: 0 }),
  ];
}

async function inFlight(adminPort: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/admin/v1/status`);
  return ((await response.json()) as { inFlight: number }).inFlight;
}

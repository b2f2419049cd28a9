import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { readFolder } from "../../src/config/recordings/read.ts";
import { interleaved, ratios, sum } from "../figures.ts";
import {
  chatRequest,
  compiled,
  figure,
  listening,
  load,
  median,
  spread,
  startServer,
  startStuntdouble,
  type Figure,
  type Load,
  type Running,
} from "../lib.ts";

/** What is asked of the upstream: a small JSON response, and a stream of 50 events. Few enough calls that no one waits for another. */
const kinds = [
  { name: "JSON", port: 9480, rate: 800, stream: false, server: ["json"] },
  { name: "stream", port: 9490, rate: 120, stream: true, server: ["sse", "50", "5000", "2000"] },
] as const;
type Kind = (typeof kinds)[number];

const variants = ["plain", "shadowed", "recorded"] as const;
type Variant = (typeof variants)[number];

/** What is allowed on top of a call that is forwarded only, in percent of its CPU time. */
const allowed = { shadowed: 5, recorded: 15 } as const;
const titles = { shadowed: "mirror (simulate) and records", recorded: "a recording" } as const;
const connections = 64;
const seconds = 4;

/** What shadowing and recording add to a forwarded call: three nodes get the same requests a second in turns. */
export async function cost(): Promise<readonly Figure[]> {
  await compiled("load");
  const figures: Figure[] = [];
  for (const kind of kinds) figures.push(...(await costOf(kind)));
  return figures;
}

async function costOf(kind: Kind): Promise<Figure[]> {
  const server = await compiled("server");
  const { port } = kind;
  const folder = await mkdtemp(path.join(import.meta.dirname, "../out/cost-"));
  const stub = await startServer([server, String(port), ...kind.server], () => listening(port), "1");
  const nodes: Running[] = [];
  try {
    const targets = { plain: { port: 0, pid: 0 }, shadowed: { port: 0, pid: 0 }, recorded: { port: 0, pid: 0 } };
    for (const [index, variant] of variants.entries()) {
      const own = port + 2 + 2 * index;
      const node = await startStuntdouble(`truth-${variant}`, configOf(variant, { upstream: port, folder }), own);
      nodes.push(node);
      targets[variant] = { port: own, pid: node.pid };
    }
    const request = chatRequest({ stream: kind.stream });
    const results = await interleaved(targets, (target) =>
      load({ ...target, connections, seconds, request, rate: kind.rate }),
    );
    const { recordings } = await readFolder(path.join(folder, "recordings"));
    console.log(
      `cost             ${kind.name}: ${recordings.length} recordings of at least ${sum(results.recorded.map((each) => each.responses))} calls`,
    );
    return figuresOf(kind, results);
  } finally {
    for (const node of nodes) await node.stop();
    await stub.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function configOf(variant: Variant, { upstream, folder }: { upstream: number; folder: string }): string {
  const rule = {
    plain: "",
    shadowed: ", mirror: simulate",
    recorded: `, record: { dir: "${path.join(folder, "recordings")}", bodies: true }`,
  };
  const records = variant === "shadowed" ? `records: { dir: "${path.join(folder, "records")}" }\n` : "";
  const upstreams = `upstreams: { stub: { url: "http://127.0.0.1:${upstream}" } }\n`;
  return `workers: 1\n${upstreams}${records}default: { serve: forward${rule[variant]} }\n`;
}

function figuresOf({ name }: Kind, results: Readonly<Record<Variant, Load[]>>): Figure[] {
  const cpu = (of: Variant): number[] => results[of].map((each) => (each.cpuSeconds / each.responses) * 1e6);
  const p50 = (of: Variant): number[] => results[of].map(({ p50Ms }) => p50Ms);
  for (const of of variants)
    console.log(`cost             ${name} ${of}: ${spread(cpu(of), 1)} µs CPU a call, p50 ${spread(p50(of), 2)} ms`);
  const noiseMs = Math.max(...p50("plain")) - Math.min(...p50("plain"));
  const errors = sum(variants.flatMap((of) => results[of].map((each) => each.errors + each.unsent)));
  return [
    ...(["shadowed", "recorded"] as const).flatMap((of) => {
      const added = (median(ratios(cpu(of), cpu("plain"))) - 1) * 100;
      const later = median(p50(of)) - median(p50("plain"));
      const what = `${titles[of]} on a forwarded ${name} call`;
      return [
        figure(`${what}, CPU added`, added, { atMost: allowed[of], digits: 1, unit: " %" }),
        figure(`${what}, p50 added (goal: what p50 without varies by)`, later, {
          atMost: Number(noiseMs.toFixed(3)),
          digits: 3,
          unit: " ms",
        }),
      ];
    }),
    figure(`cost of a forwarded ${name} call: errors and requests that found no connection`, errors, {
      atMost: 0,
      digits: 0,
    }),
  ];
}

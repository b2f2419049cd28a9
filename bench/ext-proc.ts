import path from "node:path";
import { startEnvoy } from "./envoy.ts";
import { featuresOn, interleaved, ratios, sum, type Target } from "./figures.ts";
import {
  chatRequest,
  compiled,
  figure,
  listening,
  load,
  median,
  node,
  spread,
  startServer,
  startStuntdouble,
  type Figure,
  type Load,
  type Running,
} from "./lib.ts";

const here = import.meta.dirname;
const ports = { http: 9380, extProc: 9382, grpc: 9383, layer: 9384, envoyAdmin: 9385 };
/** Ports of Envoy: to our ext_proc service, to our proxy, to grpc-js, to our gRPC layer alone. */
const through = { extProc: 9386, http: 9387, grpc: 9388, layer: 9389, fullDuplex: 9390 };

/** The same node with both of its adapters behind one Envoy. Whole responses come at once, streams at their pace. */
const config = `${featuresOn}
  - { name: streams, match: { stream: true }, serve: simulate, profile: paced }
default: { serve: simulate, profile: instant }
profiles: ${path.join(here, "profiles")}
extProc: { port: ${ports.extProc} }
`;

/** What ext_proc costs against HTTP and against grpc-js, and how exact its streams are. */
export async function extProc(): Promise<Figure[]> {
  await compiled("load");
  const ours = await startStuntdouble("ext-proc", config, ports.http);
  const grpc = await baseline("baseline-grpc.ts", ports.grpc);
  const layer = await baseline("baseline-layer.ts", ports.layer);
  const envoy = await startEnvoy(ports.envoyAdmin, [
    { port: through.extProc, to: ports.extProc, by: "STREAMED" },
    { port: through.fullDuplex, to: ports.extProc, by: "FULL_DUPLEX_STREAMED" },
    { port: through.http, to: ports.http, by: "http" },
    { port: through.grpc, to: ports.grpc, by: "STREAMED" },
    { port: through.layer, to: ports.layer, by: "STREAMED" },
  ]);
  const adapters = {
    extProc: { port: through.extProc, pid: ours.pid },
    http: { port: through.http, pid: ours.pid },
  };
  const figures = await wholeResponses({
    ...adapters,
    fullDuplex: { port: through.fullDuplex, pid: ours.pid },
    grpc: { port: through.grpc, pid: grpc.pid },
    layer: { port: through.layer, pid: layer.pid },
  });
  figures.push(...(await streams(adapters)));
  for (const each of [envoy, ours, grpc, layer]) await each.stop();
  return figures;
}

function baseline(script: string, port: number): Promise<Running> {
  return startServer([...node, path.join(here, script), String(port)], () => listening(port));
}

async function wholeResponses(targets: Record<keyof typeof through, Target>): Promise<Figure[]> {
  const request = chatRequest({ stream: false });
  const results = await interleaved(targets, (target) =>
    load({ ...target, connections: 64, seconds: 3, request, givesWay: true }),
  );
  const cpu = (name: keyof typeof targets): number[] => microseconds(results[name], "responses");
  console.log(
    `JSON through Envoy, µs CPU   ext_proc ${spread(cpu("extProc"), 1)}, in full duplex ${spread(cpu("fullDuplex"), 1)}, plain HTTP ${spread(cpu("http"), 1)}, grpc-js ${spread(cpu("grpc"), 1)}, our gRPC layer alone ${spread(cpu("layer"), 1)}; ` +
      `errors ${Object.entries(results)
        .map(([name, loads]) => `${name} ${errors(loads)}`)
        .join(", ")}`,
  );
  return [
    figure("JSON through ext_proc, CPU against plain HTTP through Envoy", median(ratios(cpu("extProc"), cpu("http"))), {
      atMost: 1.6,
    }),
    figure(
      "JSON through ext_proc in full duplex, CPU against plain HTTP through Envoy",
      median(ratios(cpu("fullDuplex"), cpu("http"))),
      { atMost: 1.6 },
    ),
    figure(
      "JSON through ext_proc, CPU of grpc-js against our gRPC layer alone",
      median(ratios(cpu("grpc"), cpu("layer"))),
      {
        atLeast: 2,
      },
    ),
    figure("JSON through ext_proc, CPU of grpc-js against ours", median(ratios(cpu("grpc"), cpu("extProc"))), {
      atLeast: 2,
    }),
    figure("JSON through ext_proc, errors", errors([...results.extProc, ...results.fullDuplex]), {
      atMost: 0,
      digits: 0,
    }),
  ];
}

async function streams(targets: Record<"extProc" | "http", Target>): Promise<Figure[]> {
  const request = chatRequest({ stream: true });
  const few = await interleaved(targets, (target) =>
    load({ ...target, connections: 100, seconds: 4, request, itlMs: 15, givesWay: true }),
  );
  const many = await interleaved(targets, (target) =>
    load({ ...target, connections: 500, seconds: 5, request, itlMs: 15, givesWay: true }),
  );
  report("100 streams", few);
  report("500 streams", many);
  const cpu = (name: "extProc" | "http"): number[] => microseconds(few[name], "events");
  return [
    figure(
      "100 streams through ext_proc, CPU a token against plain HTTP",
      median(ratios(cpu("extProc"), cpu("http"))),
      {
        atMost: 1.5,
      },
    ),
    figure("500 streams through ext_proc, gap error p50", median(many.extProc.map(({ gapP50Ms }) => gapP50Ms)), {
      atMost: 0.5,
      digits: 1,
      unit: " ms",
    }),
    figure("500 streams through ext_proc, gap error p99", median(many.extProc.map(({ gapP99Ms }) => gapP99Ms)), {
      atMost: 5,
      digits: 1,
      unit: " ms",
    }),
    figure("streams through ext_proc, errors", errors([...few.extProc, ...many.extProc]), { atMost: 0, digits: 0 }),
  ];
}

function report(what: string, results: Record<"extProc" | "http", Load[]>): void {
  for (const name of ["extProc", "http"] as const) {
    const loads = results[name];
    const p50 = loads.map(({ gapP50Ms }) => gapP50Ms);
    const p99 = loads.map(({ gapP99Ms }) => gapP99Ms);
    const rate = loads.map(({ events, seconds }) => events / seconds);
    console.log(
      `${what}, ${name.padEnd(7)}   gap error p50 ${spread(p50, 1)} ms, p99 ${spread(p99, 1)} ms; ` +
        `${spread(rate)} tokens/s, ${spread(microseconds(loads, "events"), 1)} µs CPU each`,
    );
  }
}

/** CPU time of the server for one response, or one token, of each round. */
function microseconds(loads: readonly Load[], unit: "responses" | "events"): number[] {
  return loads.map((each) => (each.cpuSeconds / each[unit]) * 1e6);
}

function errors(loads: readonly Load[]): number {
  return sum(loads.map((each) => each.errors));
}

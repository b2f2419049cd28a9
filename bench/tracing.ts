import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { featuresOn, ratios } from "./figures.ts";
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
  type Running,
} from "./lib.ts";

const kinds = ["off", "10 %", "100 %"] as const;
type Kind = (typeof kinds)[number];
const stubPort = 9392;
const firstPort = 9394;
const repeats = 3;

/** CPU time of a forwarded JSON call with tracing, against one without: each call has a span, or one in ten. */
export async function tracing(): Promise<Figure[]> {
  await compiled("load");
  const stub = await startServer([await compiled("server"), String(stubPort), "json"], () => listening(stubPort), "1");
  const collector = await startCollector();
  const nodes = new Map<Kind, { readonly port: number; readonly node: Running }>();
  for (const [index, kind] of kinds.entries()) {
    const port = firstPort + 2 * index;
    nodes.set(kind, { port, node: await startStuntdouble(`tracing-${index}`, configOf(kind, collector.url), port) });
  }
  const micros: Record<Kind, number[]> = { off: [], "10 %": [], "100 %": [] };
  for (let round = 0; round <= repeats; round += 1) {
    for (const [kind, { port, node }] of round % 2 === 0 ? nodes : [...nodes].toReversed()) {
      const request = chatRequest({ stream: false });
      const { responses, cpuSeconds } = await load({ port, pid: node.pid, connections: 64, seconds: 3, request });
      if (round > 0) micros[kind].push((cpuSeconds / responses) * 1e6);
    }
  }
  for (const { node } of nodes.values()) await node.stop();
  await stub.stop();
  collector.stop();
  console.log(
    `tracing          µs CPU a forwarded call: ${kinds.map((kind) => `${kind} ${spread(micros[kind], 1)}`).join("; ")}`,
  );
  return (["10 %", "100 %"] as const).map((kind) =>
    figure(`forwarded JSON, CPU with tracing of ${kind} against none`, median(ratios(micros[kind], micros.off)), {
      atMost: kind === "100 %" ? 1.5 : 1.15,
    }),
  );
}

function configOf(kind: Kind, endpoint: string): string {
  const traced = kind === "off" ? "" : `tracing: { endpoint: "${endpoint}", percentage: ${kind.replace(" %", "")} }\n`;
  return `${featuresOn}upstreams: { stub: { url: "http://127.0.0.1:${stubPort}" } }\ndefault: { serve: forward }\n${traced}`;
}

/** Takes spans and forgets them. */
async function startCollector(): Promise<{ readonly url: string; stop(): void }> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.writeHead(200, { "content-type": "application/json" }).end("{}"));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

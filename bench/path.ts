/** What a reader opens who follows a call through core, act and ingress; limits, emit and node have ways in of their own. */
import { request } from "node:http";
import { Session } from "node:inspector/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { connectExtProc, requestBody, requestHeaders, type ExtProcClient } from "../test/support/ext-proc-client.ts";
import { streamHead, tokenEvent } from "../test/support/fake-upstream.ts";
import { startNode, type Node } from "../test/support/node.ts";
import { startUpstream, type Script } from "../test/support/upstream.ts";
import { figure, type Figure } from "./lib.ts";

/** How a call goes that is followed; a bent one is a forwarded stream that a fault cuts. */
type Way = "forwarded" | "simulated" | "bent" | "ext_proc";

/** Max files on each way; a feature that every call passes through is weighed against them. */
const maxFiles: Readonly<Record<Way, number>> = { forwarded: 53, simulated: 69, bent: 63, ext_proc: 73 };

const room = /\/src\/((?:core|act|ingress)\/.+)$/;
/** What only the first calls do does not count. */
const callsBefore = 3;
/** What follows on a response, such as its outcome, is on the path as well. */
const settleMs = 30;

/** The files of core, act and ingress with a function that both a whole response and a stream of that way execute, sorted. */
async function pathsOfCalls(): Promise<Record<Way, string[]>> {
  const upstream = await startUpstream(respond);
  const rule = (name: Way, more: object): object => ({ name, match: { header: { "x-way": name } }, ...more });
  const node = await startNode({
    upstreams: { stub: { url: upstream.url } },
    extProc: {},
    rules: [
      rule("forwarded", { serve: "forward" }),
      rule("bent", { serve: "forward", faults: [{ kind: "cut", afterTokens: 2 }] }),
    ],
  });
  const envoy = connectExtProc(node.app.extProcPort ?? 0);
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  try {
    return {
      forwarded: await followed(session, [false, true], (stream) => askOverHttp(node, "forwarded", stream)),
      simulated: await followed(session, [false, true], (stream) => askOverHttp(node, "simulated", stream)),
      bent: await followed(session, [true], () => askOverHttp(node, "bent", true)),
      ext_proc: await followed(session, [false, true], (stream) => askThroughEnvoy(envoy, stream)),
    };
  } finally {
    session.disconnect();
    envoy.close();
    await node.stop();
    await upstream.stop();
  }
}

const respond: Script = (response, { body }) => {
  const { stream } = JSON.parse(body().toString()) as { readonly stream: boolean };
  response.writeHead(200, stream ? streamHead : { "content-type": "application/json" });
  if (stream) for (const word of ["one", "two", "three"]) response.write(tokenEvent(word));
  response.end(stream ? "data: [DONE]\n\n" : "{}");
};

type Ask = (stream: boolean) => Promise<unknown>;

async function followed(session: Session, forms: readonly boolean[], ask: Ask): Promise<string[]> {
  let common: string[] | undefined;
  for (const stream of forms) {
    for (let call = 0; call < callsBefore; call += 1) await ask(stream);
    await sleep(settleMs);
    await executed(session);
    await ask(stream);
    await sleep(settleMs);
    const files = await executed(session);
    common = common === undefined ? [...files] : common.filter((file) => files.has(file));
  }
  return common?.toSorted() ?? [];
}

/** The files that have executed a function since the last time. */
async function executed(session: Session): Promise<Set<string>> {
  const { result } = await session.post("Profiler.takePreciseCoverage");
  return new Set(
    result.flatMap(({ url, functions }) => {
      const [, file] = room.exec(url) ?? [];
      return file !== undefined && functions.some(({ ranges: [whole] }) => (whole?.count ?? 0) > 0) ? [file] : [];
    }),
  );
}

function chat(stream: boolean): string {
  return JSON.stringify({ model: "gpt-4o", stream, messages: [{ role: "user", content: "Say hello" }] });
}

/** Not by `fetch`, which shares channels of diagnostics with what the node asks upstreams by. */
function askOverHttp({ port }: Node, way: Way, stream: boolean): Promise<void> {
  return new Promise((resolve) => {
    const headers = { "content-type": "application/json", "x-way": way };
    const asked = request({ port, method: "POST", path: "/v1/chat/completions", headers }, (response) =>
      // A bent one is cut.
      response
        .on("error", () => undefined)
        .on("close", () => resolve())
        .resume(),
    );
    asked.end(chat(stream));
  });
}

async function askThroughEnvoy(client: ExtProcClient, stream: boolean): Promise<void> {
  const call = client.process();
  call.send(requestHeaders({ "content-type": "application/json" }));
  call.send(requestBody(chat(stream), true));
  call.stream.end();
  await call.ended();
}

/** How many files each way has. */
export async function path(): Promise<Figure[]> {
  const paths = await pathsOfCalls();
  const ways: readonly Way[] = ["forwarded", "simulated", "bent", "ext_proc"];
  return ways.map((way) => {
    console.log(`${way}\n  ${paths[way].join("\n  ")}`);
    return figure(`files of core, act and ingress on the path of a call, ${way}`, paths[way].length, {
      atMost: maxFiles[way],
      digits: 0,
    });
  });
}

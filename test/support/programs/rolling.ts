import { Agent, request, type IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../node.ts";
import { freePort } from "./gateway.ts";
import { run, type Run } from "../process.ts";
import { chatBody } from "../raw.ts";

/** One node that is restarted, a process of its own on the same ports each time. */
export type Replica = {
  readonly port: number;
  readonly adminPort: number;
  readonly extProcPort: number;
  /** SIGTERM; a new process when the old one has gone; waits until a call has reached it. @throws when it ended otherwise than with 0 */
  restart(): Promise<void>;
};

/** Processes start slowly where others keep the machine busy. */
const patienceMs = 60_000;

/** Starts a node with one event loop. @param drainDelayMs as in its configuration */
export async function startReplica(drainDelayMs: number): Promise<Replica> {
  const ports = { port: await freePort(), adminPort: await freePort(), extProcPort: await freePort() };
  const config = {
    workers: 1,
    listen: { host: "127.0.0.1", port: ports.port, drainDelayMs },
    admin: { port: ports.adminPort },
    extProc: { port: ports.extProcPort },
    log: { level: "warn" },
    default: { serve: "simulate", profile: "instant" },
    control: { enabled: true },
  };
  const start = () => startReady(config, ports.adminPort);
  let process = await start();
  return {
    ...ports,
    async restart() {
      process.child.kill("SIGTERM");
      const code = await process.exited;
      if (code !== 0) throw new Error(`The node ended with ${code}: ${process.out()}${process.err()}`);
      process = await start();
      await until("a call", async () => ((await calls(ports.adminPort)) > 0 ? true : undefined), patienceMs);
    },
  };
}

async function startReady(config: object, adminPort: number): Promise<Run> {
  const started = await run(["start"], { "stuntdouble.yaml": JSON.stringify(config) });
  await until(
    "a ready node",
    async () => {
      await sleep(100);
      const ready = await ask(adminPort, "/readyz").catch(() => undefined);
      return ready?.status === 200 ? true : undefined;
    },
    patienceMs,
  );
  return started;
}

async function calls(adminPort: number): Promise<number> {
  const { text } = await ask(adminPort, "/admin/v1/requests?limit=1");
  return (JSON.parse(text) as { requests: unknown[] }).requests.length;
}

async function ask(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: "close" } });
  return { status: response.status, text: await response.text() };
}

/** Calls that go on until they are stopped. */
export type Load = {
  sent(): number;
  /** What went wrong, one line for each lost call. */
  lost(): readonly string[];
  stop(): Promise<void>;
};

/** A caller sends its next call so long after the last one has ended. */
const pauseMs = 10;

/** Lets callers ask a gateway, each over a connection of its own; every tenth call is a stream of a fifth of a second. */
export function startLoad(port: number, callers: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: callers });
  const lost: string[] = [];
  let sent = 0;
  const state = { going: true };
  const caller = async (): Promise<void> => {
    while (state.going) {
      sent += 1;
      const problem = await chat(agent, port, sent % 10 === 0);
      if (problem !== undefined) lost.push(`${new Date().toISOString()} call ${sent}: ${problem}`);
      await sleep(pauseMs);
    }
  };
  const all = Promise.all(Array.from({ length: callers }, caller));
  return {
    sent: () => sent,
    lost: () => lost,
    async stop() {
      state.going = false;
      await all;
      agent.destroy();
    },
  };
}

/** @returns what went wrong; undefined when the response came whole */
function chat(agent: Agent, port: number, stream: boolean): Promise<string | undefined> {
  const headers = {
    "content-type": "application/json",
    ...(stream && { "x-stuntdouble": "ttft=0, itl=20, tokens=10" }),
  };
  return new Promise((resolve) => {
    const asking = request({ agent, port, host: "127.0.0.1", method: "POST", path: "/v1/chat/completions", headers });
    asking.on("error", (error) => resolve(error.message));
    asking.on("response", (response) => {
      textOf(response).then(
        (text) => resolve(problemOf(response, text, stream)),
        (error: unknown) => resolve(`broken response: ${String(error)}`),
      );
    });
    asking.end(chatBody({ max_tokens: 10, stream }));
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) text += chunk;
  return text;
}

function problemOf({ statusCode, headers }: IncomingMessage, text: string, stream: boolean): string | undefined {
  const whole = stream ? text.endsWith("data: [DONE]\n\n") : text.endsWith("}") || text.endsWith("}\n");
  if (statusCode === 200 && headers["x-stuntdouble-decision"] === "simulate" && whole) return undefined;
  return `${statusCode} ${text.slice(-200)}`;
}

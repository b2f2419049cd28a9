import { Agent, request as httpRequest } from "node:http";
import { parseRecord } from "../../src/core/records/parse.ts";
import type { TrafficRecord } from "../../src/core/records/types.ts";

/** Sends requests to a node over connections that are kept. */
export type Caller = {
  /** Sends JSON, and resolves when the response has ended. @throws when its status is not 200 */
  ask(path: string, body: string): Promise<void>;
  close(): void;
};

export function createCaller(port: number): Caller {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 2000 });
  return {
    ask(path, body) {
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
      return new Promise((resolve, reject) => {
        const options = { agent, port, host: "127.0.0.1", path, method: "POST", headers };
        const sent = httpRequest(options, (response) => {
          response.resume();
          response.once("error", reject);
          response.once("end", () => {
            if (response.statusCode === 200) resolve();
            else reject(new Error(`${path} responded ${response.statusCode}`));
          });
        });
        sent.once("error", reject);
        sent.end(body);
      });
    },
    close: () => agent.destroy(),
  };
}

/** Runs a task so many times, with so many at a time. @param task gets 0, 1 … */
export async function inParallel(
  { count, width }: { readonly count: number; readonly width: number },
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      next += 1;
      await task(next - 1);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** The records that a node has in memory, once there are so many. @param adminPort of the node */
export async function recordsOf(adminPort: number, count: number): Promise<TrafficRecord[]> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const text = await (await fetch(`http://127.0.0.1:${adminPort}/admin/v1/records`)).text();
    const lines = text.split("\n").filter((line) => line !== "");
    if (lines.length >= count) return lines.map(recordIn);
    if (Date.now() > deadline) throw new Error(`there are ${lines.length} records where ${count} were expected`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function recordIn(line: string): TrafficRecord {
  const parsed = parseRecord(line);
  if (parsed.ok) return parsed.record;
  throw new Error(`a line of the node's records ${parsed.reason}`);
}

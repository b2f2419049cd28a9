import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { startBehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { connectExtProc, requestBody, requestHeaders } from "../../support/ext-proc-client.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until } from "../../support/node.ts";
import { rawConnect } from "../../support/raw.ts";
import { startUpstream } from "../../support/upstream.ts";

describeWith("envoy", findEnvoy(), "many calls through a real Envoy", (place) => {
  test("4,000 responses come over one connection without a failure", async () => {
    const behind = await startBehindEnvoy(place);
    try {
      const statuses = await inTurns(4000, 32, async () => {
        const response = await behind.chat({}, { max_tokens: 3 });
        await response.text();
        return response.status;
      });
      expect(statuses.filter((status) => status !== 200)).toEqual([]);
      expect(await behind.envoy.stat("cluster.stuntdouble.upstream_cx_total")).toBe(1);
      await behind.node.idle();
    } finally {
      await behind.stop();
    }
  });

  test("3,000 streams at the same time all end well", async () => {
    const behind = await startBehindEnvoy(place);
    const agent = new Agent({ maxSockets: Infinity });
    try {
      const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hello" }] });
      const headers = { "content-type": "application/json", "x-stuntdouble": "ttft=1500, itl=100, tokens=20" };
      const responses = await Promise.all(
        Array.from({ length: 3000 }, () => post({ port: behind.envoy.port, agent, headers }, body)),
      );
      expect(await behind.envoy.stat("cluster.stuntdouble.upstream_cx_total")).toBeGreaterThan(1);
      expect(responses.filter(({ status, text }) => status !== 200 || !text.endsWith("data: [DONE]\n\n"))).toEqual([]);
      await behind.node.idle();
    } finally {
      agent.destroy();
      await behind.stop();
    }
  });
});

describeWith("envoy", findEnvoy(), "a client that does not read", (place) => {
  test("holds the upstream back through Envoy and us; memory stays flat", async () => {
    const piece = Buffer.alloc(64 * 1024, "x");
    let written = 0;
    const upstream = await startUpstream((response) => {
      response.writeHead(200, { "content-type": "text/plain" });
      const fill = (): void => {
        do written += piece.length;
        while (response.write(piece));
        response.once("drain", fill);
      };
      fill();
    });
    const behind = await startBehindEnvoy(
      place,
      { upstreams: { first: { url: upstream.url } }, default: { serve: "forward" } },
      { upstreams: { first: upstream.port } },
    );
    const client = await rawConnect(behind.envoy.port);
    try {
      client.socket.pause();
      client.socket.write("GET /v1/files/1 HTTP/1.1\r\nhost: test\r\nx-stuntdouble: fault=delay;ms=1\r\n\r\n");
      const settled = await until("an upstream that is held back", async () => {
        const before = written;
        await sleep(500);
        return written === before && before > 0 ? before : undefined;
      });
      expect(settled).toBeLessThan(64 * 1024 * 1024);
    } finally {
      client.socket.destroy();
      await behind.node.idle();
      await behind.stop();
      await upstream.stop();
    }
  });
});

test("a gateway that does not read makes a simulated stream wait", async () => {
  const node = await startNode({ extProc: {}, control: { enabled: true } });
  const client = connectExtProc(node.app.extProcPort!);
  const body = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hello" }] });
  try {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "itl=1, tokens=1500" }));
    call.send(requestBody(body, true));
    await call.next();
    call.stream.pause();
    await sleep(2500);
    const { inFlight } = await node.admin<{ inFlight: number }>("/admin/v1/status");
    expect(inFlight).toBe(1);
    call.stream.resume();
    await node.idle();
    const [outcome] = await node.outcomes();
    expect(outcome).toMatchObject({ ending: "finish", actual: { tokens: 1500 } });
    call.stream.cancel();
  } finally {
    client.close();
    await node.stop();
  }
});

/** Does a thing many times, so many of them at once. */
async function inTurns<Value>(times: number, atOnce: number, act: () => Promise<Value>): Promise<Value[]> {
  const results: Value[] = [];
  let begun = 0;
  const work = async (): Promise<void> => {
    while (begun < times) {
      begun += 1;
      results.push(await act());
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return results;
}

type Target = { readonly port: number; readonly agent: Agent; readonly headers: Readonly<Record<string, string>> };

async function post({ port, agent, headers }: Target, body: string): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, agent, path: "/v1/chat/completions", method: "POST", headers };
    const outgoing = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece: string) => void (text += piece));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

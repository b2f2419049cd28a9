import { afterEach, describe, expect, test } from "vitest";
import { until, viewOf } from "../../support/node.ts";
import { administered, killRuns, run, serving, type Run } from "../../support/process.ts";
import { chatBody, postText, rawConnect, rawRequest, type RawConnection } from "../../support/raw.ts";

const chat = "/v1/chat/completions";
const config = `
listen: { host: 127.0.0.1, port: 0 }
admin: { port: 0 }
workers: 1
control: { enabled: true }
log: { level: silent }
`;

afterEach(killRuns);

/** A node with so little memory that a few dozen small requests would use it up. */
async function startSmall(): Promise<{ program: Run; port: number; adminPort: number }> {
  const files = { "stuntdouble.yaml": config };
  const command = [process.execPath, "--max-old-space-size=96", "--max-semi-space-size=4"] as const;
  const program = await run(["start", "--config", "stuntdouble.yaml"], files, [...command]);
  return { program, port: await serving(program), adminPort: await administered(program) };
}

/** Sends the same request on so many connections, none of which reads anything beyond what comes at once. */
async function abandonedAt(port: number, count: number, text: string): Promise<RawConnection[]> {
  const connections = await Promise.all(Array.from({ length: count }, () => rawConnect(port)));
  for (const { socket } of connections) {
    socket.write(text);
    socket.once("data", () => socket.pause());
  }
  return connections;
}

describe("many small requests for long responses", () => {
  test.each<[string, Record<string, unknown>, string]>([
    ["streams of many tokens", { stream: true, max_tokens: 20_000 }, "ttft=60000, tokens=20000"],
    ["streams of many choices", { stream: true, n: 128 }, "ttft=60000, tokens=100"],
    ["streams that nobody reads", { stream: true, max_tokens: 20_000 }, "ttft=0, itl=0, tokens=20000"],
  ])(
    "do not use up the memory: %s",
    async (_what, body, wishes) => {
      const { program, port, adminPort } = await startSmall();
      const { admin } = viewOf({ port, adminPort, scheme: "http" }, () => []);
      const ask = (more: object, wish: string): string =>
        postText(chat, chatBody({ ...more }), [`x-stuntdouble: ${wish}`]);

      const connections = await abandonedAt(port, 120, ask(body, wishes));
      const refused = await until("a call that does not fit", () =>
        connections.find(({ text }) => text().startsWith("HTTP/1.1 503")),
      );
      expect(program.child.exitCode).toBeNull();
      expect(refused.text()).toMatch(/retry-after: 1\r\n/i);
      expect(refused.text()).toContain('"type":"server_error","param":null,"code":"MEMORY_FULL"');

      for (const { socket } of connections) socket.destroy();
      await until("an idle node", async () => {
        const { inFlight } = await admin<{ inFlight: number }>("/admin/v1/status");
        return inFlight === 0 ? true : undefined;
      });
      const after = await rawRequest(port, ask({}, "ttft=0, itl=0, tokens=20"), {
        enough: (text) => text.endsWith("}"),
      });
      expect(after.status).toBe(200);
    },
    60_000,
  );
});

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, until, type Node } from "../../support/node.ts";
import { freePort, startGateway, type Gateway } from "../../support/programs/gateway.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";
import { hang, startUpstream, stepped, type ScriptedUpstream } from "../../support/upstream.ts";

const ask = (control: string): string =>
  postText("/v1/chat/completions", chatBody({ stream: true }), [`x-stuntdouble: ${control}`]);

describeWith("nginx", findProgram("nginx", "STUNTDOUBLE_NGINX"), "through nginx as it buffers by default", (nginx) => {
  let node: Node;
  let provider: ScriptedUpstream;
  let gateway: Gateway;
  let port: number;

  beforeAll(async () => {
    provider = await startUpstream(hang);
    node = await startNode({ control: { enabled: true }, upstreams: { openai: { url: provider.url } } });
    port = await freePort();
    const cwd = mkdtempSync(path.join(tmpdir(), "nginx-"));
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${cwd};`);
    const server = `server { listen 127.0.0.1:${port}; location / { proxy_pass http://127.0.0.1:${node.port}; } }`;
    const http = `http { access_log off; ${temporary.join(" ")} ${server} }`;
    const file = path.join(cwd, "nginx.conf");
    writeFileSync(file, `daemon off; master_process off; pid ${cwd}/pid; error_log stderr; events {} ${http}`);
    gateway = await startGateway([nginx, "-e", "stderr", "-c", file], { port, cwd, env: {} });
  });
  afterAll(async () => {
    await gateway.stop();
    await node.stop();
    await provider.stop();
  });

  test("the tokens of a simulated stream arrive while it goes on", async () => {
    const client = await rawConnect(port);
    client.socket.write(ask("simulate, ttft=1, itl=1, tokens=12, fault=hang;after=3"));
    await until("three tokens", () =>
      (client.text().match(/"content":"[^"]/g) ?? []).length === 3 ? true : undefined,
    );
    client.socket.destroy();
  });

  test("the events of a forwarded stream arrive one by one", async () => {
    const stream = stepped();
    provider.script(stream.script);
    const client = await rawConnect(port);
    client.socket.write(ask("forward"));
    for (const word of ["one", "two", "three"]) {
      await stream.send(`data: ${word}\n\n`);
      await until(`event ${word}`, () => (client.text().includes(`data: ${word}\n\n`) ? true : undefined));
    }
    await stream.end();
    expect(client.text()).not.toContain("x-accel-buffering");
    client.socket.destroy();
  });
});

import { once } from "node:events";
import { copyFile, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { until } from "../../support/node.ts";
import { startProgram, type Program } from "../../support/programs/program.ts";

const shipped = path.join(import.meta.dirname, "../../support/tls");

let folder: string;
let program: Program;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "stuntdouble-"));
  await put("localhost");
});
afterEach(() => program.stop());

/** Puts a certificate and its key where the configuration looks for them. */
async function put(name: "localhost" | "renewed"): Promise<void> {
  for (const part of ["cert", "key"]) {
    await copyFile(path.join(shipped, `${name}.${part}.pem`), path.join(folder, `${part}.pem`));
  }
}

const config = () => ({
  listen: { tls: { certFile: path.join(folder, "cert.pem"), keyFile: path.join(folder, "key.pem") } },
});

async function open(): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: program.port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  return socket;
}

/** Whose certificate a new connection is shown. */
async function shown(): Promise<unknown> {
  const socket = await open();
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

/** The signal and the changed files may each bring one. */
const reloads = (result: "success" | "error", count: number) =>
  until(`${count} reloads`, async () =>
    (await program.metric(`stuntdouble_config_reloads_total{result="${result}"}`)) >= count ? true : undefined,
  );

test.each([1, 2])(
  "a new certificate is shown to new connections after SIGHUP, and old ones go on (workers: %i)",
  async (workers) => {
    program = await startProgram(config(), {}, workers);
    expect(await shown()).toBe("localhost");
    const before = await open();
    await put("renewed");
    program.hangUp();
    await reloads("success", 1);
    const names = new Set<unknown>();
    for (let count = 0; count < 10; count += 1) names.add(await shown());
    expect([...names]).toEqual(["renewed.localhost"]);
    before.setEncoding("latin1").write("GET /v1/models HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n");
    expect(String((await once(before, "data"))[0])).toMatch(/^HTTP\/1\.1 200/);
    await until("the log line", () => program.logLines().find((line) => line.includes("the new certificate")));
    expect(program.logLines().join("\n")).not.toContain("after a restart");
  },
);

test("a certificate in other files takes effect with the configuration that names them", async () => {
  program = await startProgram(config());
  const tls = {
    certFile: path.join(shipped, "renewed.cert.pem"),
    keyFile: path.join(shipped, "renewed.key.pem"),
  };
  await program.write({ listen: { tls } });
  await reloads("success", 1);
  expect(await shown()).toBe("renewed.localhost");
  expect(program.logLines().join("\n")).not.toContain("after a restart");
});

test.each([
  ["is no certificate", "cert.pem", "no PEM"],
  ["is empty", "cert.pem", ""],
  ["has a key that is none", "key.pem", "no PEM"],
])("a certificate that %s changes nothing, and the log says why", async (_what, file, text) => {
  program = await startProgram(config());
  await writeFile(path.join(folder, file), text);
  program.hangUp();
  await reloads("error", 1);
  expect(await shown()).toBe("localhost");
  const told = await until("the log line", () => program.logLines().find((line) => line.includes("stays in force")));
  expect(told).toContain("listen.tls");
});

test("a certificate without the key that belongs to it changes nothing", async () => {
  program = await startProgram(config());
  await copyFile(path.join(shipped, "renewed.cert.pem"), path.join(folder, "cert.pem"));
  program.hangUp();
  await reloads("error", 1);
  expect(await shown()).toBe("localhost");
  await put("renewed");
  program.hangUp();
  await reloads("success", 1);
  expect(await shown()).toBe("renewed.localhost");
});

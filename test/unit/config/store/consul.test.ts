import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterEach, expect, test } from "vitest";
import { storeAddress } from "../../../../src/config/store/address.ts";
import { openConsul } from "../../../../src/config/store/consul.ts";
import type { Store } from "../../../../src/config/store/types.ts";
import { startConsulStub, type ConsulStub } from "../../../support/programs/consul-stub.ts";

const env = { CONSUL_TOKEN: "s3cr3t-token" };
const { signal } = new AbortController();

let stub: ConsulStub;
let store: Store;
const opened: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

const tlsFolder = path.join(import.meta.dirname, "../../../support/tls");
const pem = (name: string) => readFileSync(path.join(tlsFolder, name), "utf8");

async function open(key: string, token?: string): Promise<void> {
  stub = await startConsulStub(token === undefined ? {} : { token });
  store = openConsul(storeAddress(`consul://127.0.0.1:${stub.port}/${key}`, env));
  opened.push(store.close, stub.stop);
}

const texts = (files: ReadonlyMap<string, Uint8Array>): Record<string, string> =>
  Object.fromEntries([...files].map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]));

test("one key is read under its own name, with any characters", async () => {
  await open("app/a%20b%2Bc.yaml");
  stub.put("app/a b+c.yaml", "seed: 1 # é\n");
  const { files, version } = await store.read(undefined, signal);
  expect(texts(files)).toEqual({ "a b+c.yaml": "seed: 1 # é\n" });
  expect(version).toBe("11");
});

test("a tree is read below its path, without the tree beside it and without folders made by hand", async () => {
  await open("app/");
  stub.put("app/", null);
  stub.put("app/stuntdouble.yaml", "{}");
  stub.put("app/profiles/", null);
  stub.put("app/profiles/mine.yaml", "name: mine");
  stub.put("app2/stuntdouble.yaml", "{}");
  const { files } = await store.read(undefined, signal);
  expect(texts(files)).toEqual({ "stuntdouble.yaml": "{}", "profiles/mine.yaml": "name: mine" });
});

test("a key without a value is an empty file, and a key that is not there is none", async () => {
  await open("app/");
  stub.put("app/stuntdouble.yaml", null);
  expect(texts((await store.read(undefined, signal)).files)).toEqual({ "stuntdouble.yaml": "" });
  stub.remove("app/stuntdouble.yaml");
  expect(await store.read(undefined, signal)).toEqual({ version: "12", files: new Map() });
});

test("a question with a version waits until there is another, also for a key that is not there yet", async () => {
  await open("app.yaml");
  const { version } = await store.read(undefined, signal);
  const reading = store.read(version, signal);
  stub.put("app.yaml", "seed: 2");
  expect(texts((await reading).files)).toEqual({ "app.yaml": "seed: 2" });
  expect(stub.requests.at(-1)).toMatch(/\?index=10&wait=60s$/);
});

test.each(["0", "-1", "7", "many"])("the index %s after 11 is not waited on", async (shown) => {
  await open("app.yaml");
  stub.put("app.yaml", "{}");
  stub.showIndex(shown);
  expect((await store.read("11", signal)).version).toBeUndefined();
});

test("datacenter and stale reads are asked for, and the token goes in its header only", async () => {
  await open("app.yaml?dc=eu1&stale&token-env=CONSUL_TOKEN", "s3cr3t-token");
  await store.read(undefined, signal);
  expect(stub.requests).toEqual(["GET /v1/kv/app.yaml?dc=eu1&stale=true"]);
  expect(stub.tokens).toEqual(["s3cr3t-token"]);
});

test("a token without rights is told in Consul's words, and does not pass by itself", async () => {
  await open("app.yaml", "another");
  await expect(store.read(undefined, signal)).rejects.toMatchObject({
    message: expect.stringMatching(/^it responds 403: Permission denied: .*key:read/),
    isPassing: false,
  });
});

test.each([429, 500, 503])("a %i passes", async (status) => {
  await open("app.yaml");
  stub.fail(status, "try later");
  await expect(store.read(undefined, signal)).rejects.toMatchObject({
    message: `it responds ${status}: try later`,
    isPassing: true,
  });
});

test("a reason that repeats the token is told without it", async () => {
  await open("app.yaml?token-env=CONSUL_TOKEN");
  stub.fail(400, "bad token s3cr3t-token");
  await expect(store.read(undefined, signal)).rejects.toThrow("it responds 400: bad token ***");
});

test("a Consul that is not there is told by address and reason", async () => {
  await open("app.yaml");
  await stub.stop();
  await expect(store.read(undefined, signal)).rejects.toMatchObject({
    message: `connect ECONNREFUSED 127.0.0.1:${stub.port}`,
    isPassing: true,
  });
});

test("over TLS the certificate is checked by the authority that is named", async () => {
  stub = await startConsulStub({ tls: { cert: pem("localhost.cert.pem"), key: pem("localhost.key.pem") } });
  opened.push(stub.stop);
  stub.put("app.yaml", "{}");
  const at = `consul+https://localhost:${stub.port}/app.yaml`;
  store = openConsul(storeAddress(at, env));
  await expect(store.read(undefined, signal)).rejects.toThrow(/self-signed certificate/);
  await store.close();
  store = openConsul(storeAddress(`${at}?ca-file=${tlsFolder}/localhost.cert.pem`, env));
  opened.push(store.close);
  expect(texts((await store.read(undefined, signal)).files)).toEqual({ "app.yaml": "{}" });
});

test("a file for TLS that is missing is told by its name", () => {
  const address = storeAddress("consul+https://localhost/app.yaml?ca-file=nowhere.pem", {});
  expect(() => openConsul(address)).toThrow("nowhere.pem: cannot be read (ENOENT).");
});

test("something else that responds is told apart from Consul", async () => {
  await open("app.yaml");
  const other = createServer((_, response) => response.writeHead(404).end("not found"));
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as AddressInfo;
  const wrong = openConsul(storeAddress(`consul://127.0.0.1:${port}/app.yaml`, {}));
  await expect(wrong.read(undefined, signal)).rejects.toThrow(
    "what responds is not Consul: it sends no X-Consul-Index",
  );
  await wrong.close();
  other.closeAllConnections();
  await new Promise((resolve) => void other.close(resolve));
});

test("values that are together larger than 16 MiB are not read", async () => {
  await open("app/");
  for (let at = 0; at < 30; at += 1) stub.put(`app/${at}`, "x".repeat(512 * 1024));
  await expect(store.read(undefined, signal)).rejects.toThrow("its response is larger than 16777216 bytes");
});

import { readFile } from "node:fs/promises";
import { startConsulStub } from "./consul-stub.ts";

/** The stub as a program, called as Compose calls Consul: `agent …`, or `kv put -http-addr=URL KEY @FILE`. */
const [command, , address = "", key = "", file = ""] = process.argv.slice(2);
if (command === "agent") await startConsulStub({ host: "0.0.0.0", port: 8500 });
else await put(address.replace("-http-addr=", ""), key, await readFile(file.slice(1), "utf8"));

async function put(url: string, key: string, body: string): Promise<void> {
  const { ok, status } = await fetch(`${url}/v1/kv/${key}`, { method: "PUT", body });
  if (!ok) throw new Error(`the stub responds ${status}`);
}

import { createServer } from "node:net";
import type { Config } from "../../config/schema.ts";
import { fail, ok, type Check } from "./types.ts";

type Place = { readonly name: string; readonly key: string; readonly host: string; readonly port: number };

/** Checks that each port is free, or belongs to a node that runs already. */
export async function portChecks({ listen, admin, extProc }: Config): Promise<Check[]> {
  const places: Place[] = [
    { name: "traffic port", key: "listen.port", host: listen.host, port: listen.port },
    { name: "admin port", key: "admin.port", host: admin.host, port: admin.port },
    ...(extProc === undefined
      ? []
      : [{ name: "ext_proc port", key: "extProc.port", host: extProc.host, port: extProc.port }]),
  ];
  const isRunning = await isNodeAt(admin.host, admin.port);
  return await Promise.all(places.map(async (place) => await portCheck(place, isRunning)));
}

async function portCheck({ name, key, host, port }: Place, isRunning: boolean): Promise<Check> {
  if (port === 0) return ok(name, "0: the system chooses one");
  const code = await whyNotFree(host, port);
  const shown = `${host}:${port}`;
  if (code === undefined) return ok(name, `${shown} is free`);
  if (code === "EADDRINUSE" && isRunning) return ok(name, `${shown} is in use, and a node runs here`);
  if (code === "EADDRINUSE")
    return fail(
      name,
      `${shown} is in use by another program`,
      `find it with: ss -ltnp 'sport = :${port}'; or set ${key}`,
    );
  if (code === "EACCES") return fail(name, `${shown} is not allowed for this user`, `set ${key} to a port above 1023`);
  if (code === "EADDRNOTAVAIL")
    return fail(name, `this machine has no address ${host}`, `set ${key.replace(".port", ".host")} to one of: ip addr`);
  return fail(name, `${shown} cannot be used (${code})`, `set ${key}`);
}

/** @returns the code of the error; undefined where it is free */
async function whyNotFree(host: string, port: number): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

const maxWaitMs = 2000;

/** Whether the admin API of a node listens there; the token is not needed for that. */
async function isNodeAt(host: string, port: number): Promise<boolean> {
  const reachable =
    host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  try {
    const response = await fetch(`http://${reachable}:${port}/admin/v1/status`, {
      signal: AbortSignal.timeout(maxWaitMs),
    });
    const told: unknown = await response.json();
    const members = typeof told === "object" && told !== null ? told : {};
    return "permits" in members || (response.status === 401 && "detail" in members);
  } catch {
    return false;
  }
}

import { StuntdoubleError } from "../../core/errors.ts";
import { nearestOf } from "../../core/issues.ts";
import { secretOf, secretProblem, type Environment } from "../values.ts";

/** The kinds of stores that a configuration can come from. */
export type StoreKind = "consul" | "etcd";

/** Where in a store a configuration is, and how the store is reached. */
export type StoreAddress = {
  readonly kind: StoreKind;
  /** `http://host:port` or `https://host:port`. */
  readonly origin: string;
  /** The key, or the beginning of all keys of a tree, with `/` at its end. */
  readonly key: string;
  readonly isTree: boolean;
  /** Name of the main file below `folder`. */
  readonly main: string;
  /** What errors and logs call the folder of the main file, such as `consul://host:8500/app`. It holds no secret. */
  readonly folder: string;
  readonly token: string | undefined;
  readonly tls: { readonly caFile?: string; readonly certFile?: string; readonly keyFile?: string };
  /** Consul: datacenter; default: that of the agent. */
  readonly datacenter: string | undefined;
  /** Consul: any server may answer, not only the leader. */
  readonly stale: boolean;
  /** etcd: whom the password belongs to. */
  readonly user: string | undefined;
};

const schemes: ReadonlyMap<string, { readonly kind: StoreKind; readonly isSecure: boolean }> = new Map([
  ["consul:", { kind: "consul", isSecure: false }],
  ["consul+https:", { kind: "consul", isSecure: true }],
  ["etcd:", { kind: "etcd", isSecure: false }],
  ["etcd+https:", { kind: "etcd", isSecure: true }],
]);

const ports = { consul: 8500, etcd: 2379 };
const securePorts = { consul: 8501, etcd: 2379 };

const shared = ["file", "tls", "ca-file", "cert-file", "key-file"];
const parameters: Readonly<Record<StoreKind, readonly string[]>> = {
  consul: ["token-env", "dc", "stale", ...shared],
  etcd: ["user", "password-env", ...shared],
};

/** Whether the name of a configuration is a URL, and not that of a file. */
export function isStoreUrl(name: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(name);
}

/**
 * Reads the URL of a configuration in a store.
 *
 * @param text such as `consul://127.0.0.1:8500/app/stuntdouble/?token-env=CONSUL_TOKEN`
 * @throws CONFIG_INVALID; the message repeats no part of the URL that may be a secret
 */
export function storeAddress(text: string, env: Environment): StoreAddress {
  if (!URL.canParse(text)) throw invalid("is not a URL such as consul://127.0.0.1:8500/stuntdouble/");
  const url = new URL(text);
  const scheme = schemes.get(url.protocol);
  if (scheme === undefined) throw invalid(`unknown scheme ${url.protocol}//${allowed([...schemes.keys()])}`);
  const { kind } = scheme;
  if (url.username !== "" || url.password !== "")
    throw invalid(`must not contain credentials; name an environment variable in ${secretParameter[kind]}`);
  if (url.hash !== "") throw invalid("must not have a fragment");
  if (url.hostname === "") throw invalid("names no host");
  const given = parametersOf(url.searchParams, kind);
  const isSecure = scheme.isSecure || flag(given, "tls");
  const host = `${url.hostname}:${url.port === "" ? (isSecure ? securePorts : ports)[kind] : url.port}`;
  return {
    kind,
    origin: `${isSecure ? "https" : "http"}://${host}`,
    ...placeOf(url.pathname, given.get("file"), `${kind}://${host}`),
    token: secretFrom(given.get(secretParameter[kind]), secretParameter[kind], env),
    tls: tlsOf(given, isSecure),
    datacenter: given.get("dc"),
    stale: flag(given, "stale"),
    user: userOf(given, kind),
  };
}

const secretParameter = { consul: "token-env", etcd: "password-env" } as const;

function parametersOf(search: URLSearchParams, kind: StoreKind): Map<string, string> {
  const given = new Map<string, string>();
  const known = parameters[kind];
  for (const [name, value] of search) {
    if (!known.includes(name)) {
      const nearest = nearestOf(name, known);
      throw invalid(
        `unknown parameter ${name}.${nearest === undefined ? "" : ` Did you mean ${nearest}?`}${allowed(known)}`,
      );
    }
    if (given.has(name)) throw invalid(`the parameter ${name} is given twice`);
    given.set(name, value);
  }
  return given;
}

/** `name` and `name=true` say yes. */
function flag(given: ReadonlyMap<string, string>, name: string): boolean {
  const value = given.get(name) ?? "false";
  if (value === "" || value === "true") return true;
  if (value === "false") return false;
  throw invalid(`${name} must be true or false`);
}

const usualMain = "stuntdouble.yaml";

/** A path that ends with a slash is a tree, and `file` tells its main file; any other is the key of the main file. */
function placeOf(
  pathname: string,
  file: string | undefined,
  origin: string,
): Pick<StoreAddress, "key" | "isTree" | "main" | "folder"> {
  const key = keyOf(pathname);
  if (key === "" || key === "/")
    throw invalid("names no key; a path such as /app/stuntdouble.yaml is one key, and /app/stuntdouble/ is a tree");
  if (key.startsWith("/") || key.includes("//")) throw invalid("a key must not begin with / nor have // in it");
  const isTree = key.endsWith("/");
  if (!isTree && file !== undefined) throw invalid("file is for a tree, whose path ends with /");
  const at = isTree ? key.length - 1 : key.lastIndexOf("/");
  const folder = at <= 0 ? origin : `${origin}/${key.slice(0, at)}`;
  const main = isTree ? (file ?? usualMain) : key.slice(at + 1);
  if (main === "" || main.startsWith("/")) throw invalid("file must be a name below the tree");
  return { key, isTree, main, folder };
}

function keyOf(pathname: string): string {
  try {
    return decodeURIComponent(pathname.replace(/^\//, ""));
  } catch {
    throw invalid("has a % that encodes no character");
  }
}

function tlsOf(given: ReadonlyMap<string, string>, isSecure: boolean): StoreAddress["tls"] {
  const [caFile, certFile, keyFile] = [given.get("ca-file"), given.get("cert-file"), given.get("key-file")];
  const hasFiles = caFile !== undefined || certFile !== undefined || keyFile !== undefined;
  if (hasFiles && !isSecure) throw invalid("ca-file, cert-file and key-file are for TLS; add tls=true");
  if ((certFile === undefined) !== (keyFile === undefined)) throw invalid("cert-file and key-file go together");
  return {
    ...(caFile !== undefined && { caFile }),
    ...(certFile !== undefined && { certFile }),
    ...(keyFile !== undefined && { keyFile }),
  };
}

function secretFrom(variable: string | undefined, parameter: string, env: Environment): string | undefined {
  if (variable === undefined) return undefined;
  const value = env[variable];
  const problem = value === undefined ? "is not set" : secretProblem(value);
  if (value !== undefined && problem === undefined) return secretOf(value);
  // What does not look like the name of a variable may be the secret itself.
  const shown = /^[A-Z_][A-Z0-9_]{0,63}$/.test(variable) ? ` ${variable}` : "";
  throw invalid(`names an environment variable in ${parameter}, and${shown === "" ? " that" : shown} ${problem}`);
}

function userOf(given: ReadonlyMap<string, string>, kind: StoreKind): string | undefined {
  const user = given.get("user");
  if (kind === "etcd" && (user === undefined) !== !given.has("password-env"))
    throw invalid("user and password-env go together");
  return user;
}

function allowed(choice: readonly string[]): string {
  return ` Allowed: ${choice.map((each) => each.replace(/:$/, "://")).join(", ")}`;
}

function invalid(problem: string): StuntdoubleError {
  return new StuntdoubleError("CONFIG_INVALID", `The URL of the configuration ${problem}.`);
}

import { sharedWithApi } from "../core/base-path.ts";
import { isMapping, type Checked, type Path, type Raw } from "./findings.ts";
import { leadsBack } from "./own-address.ts";
import { proxyFromEnvironment } from "./proxy.ts";
import { secretProblem, type Environment } from "./values.ts";

/** What the checks of an upstream are told besides itself. */
export type UpstreamChecking = {
  readonly env: Environment;
  readonly checked: Checked;
  /** The section of that name, as configured. */
  readonly listen: Raw;
};

/** Checks what no single value of an upstream shows; what has the wrong type is left to the schema. */
export function checkUpstream(upstream: Raw, path: Path, checking: UpstreamChecking): void {
  const { findings } = checking.checked;
  const { url, urls, apiKeyEnv, apiKeyFile, tls } = upstream;
  if ((url === undefined) === (urls === undefined))
    findings.push({ path, code: "required", message: "must have either url or urls" });
  if (url !== undefined) checkUrl(url, [...path, "url"], { ...checking, upstream });
  for (const [index, each] of (Array.isArray(urls) ? urls : []).entries())
    checkUrl(each, [...path, "urls", index], { ...checking, upstream });
  if (apiKeyEnv !== undefined && apiKeyFile !== undefined)
    findings.push({ path: [...path, "apiKeyFile"], code: "conflict", message: "cannot be combined with apiKeyEnv" });
  checkKey(apiKeyEnv, [...path, "apiKeyEnv"], checking);
  const { certFile, keyFile } = isMapping(tls) ? tls : {};
  if ((certFile === undefined) !== (keyFile === undefined))
    findings.push({
      path: [...path, "tls"],
      code: "required",
      message: "must have both certFile and keyFile, or neither",
    });
}

function checkUrl(
  url: unknown,
  path: Path,
  { upstream, env, checked, listen }: UpstreamChecking & { readonly upstream: Raw },
): void {
  if (typeof url !== "string" || !URL.canParse(url)) return;
  const { protocol, origin, pathname } = new URL(url);
  if (leadsBack(url, listen))
    checked.findings.push({
      path,
      at: "value",
      code: "loop",
      message: "is the traffic port of this node, so calls would loop",
    });
  if (upstream["tls"] !== undefined && protocol === "http:")
    checked.findings.push({ path, at: "value", code: "conflict", message: "is not https, so tls cannot be used" });
  const { wrong } = upstream["proxyUrl"] === undefined ? proxyFromEnvironment(url, env) : {};
  if (wrong !== undefined)
    checked.findings.push({
      path,
      code: "invalid-value",
      message: `the environment variable ${wrong} is no URL of an HTTP proxy`,
    });
  const [shared] = sharedWithApi(pathname.replace(/\/+$/, ""));
  if (shared === undefined) return;
  const base = origin + pathname.replace(/\/+$/, "");
  checked.warnings.push({
    path,
    at: "value",
    code: "shared-path",
    message: `ends in ${shared}, which paths of the API may begin with; it is not doubled: ${shared}/models goes to ${base}/models`,
  });
}

function checkKey(variable: unknown, path: Path, { env, checked }: UpstreamChecking): void {
  if (typeof variable !== "string") return;
  const value = env[variable];
  if (value === undefined) {
    const message = `the environment variable ${variable} is not set, so the callers' own keys are forwarded`;
    checked.warnings.push({ path, at: "value", code: "unset-variable", message });
    return;
  }
  const problem = secretProblem(value);
  if (problem !== undefined)
    checked.findings.push({
      path,
      at: "value",
      code: "unset-variable",
      message: `the environment variable ${variable} ${problem}`,
    });
}

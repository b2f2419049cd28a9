import { probeOf, type Probe } from "../shared/probe.ts";
import { headOf } from "./text.ts";
import type { Operation } from "../types.ts";

const json = "application/json";
const text = "text/plain; charset=utf-8";

/** @see vLLM, entrypoints/serve/instrumentator: health and basic; entrypoints/sagemaker: ping */
const ofVllm: readonly Probe[] = [
  { route: "/health", contentType: text, body: "" },
  { route: "/ping", contentType: text, body: "" },
  { route: "/version", contentType: json, body: `{"version":"0.11.0"}` },
];

/** @see LiteLLM, proxy/health_endpoints: liveness and readiness */
const ofLitellm: readonly Probe[] = [
  { route: "/health/liveliness", contentType: json, body: `"I'm alive!"` },
  { route: "/health/liveness", contentType: json, body: `"I'm alive!"` },
  { route: "/health/readiness", contentType: json, body: `{"status":"healthy","db":"Not connected"}` },
];

/** The base URL of OpenAI's clients, which some ask for before anything else. */
const ofBase: readonly Probe[] = [{ route: "/v1", contentType: text, body: "" }];

/** `GET /health`, `/ping` and `/version` of vLLM's server. */
export const vllmProbes: readonly Operation[] = ofVllm.map(operationOf);

/** Those that clients of OpenAI's API may send to any server that has it. */
export const probes: readonly Operation[] = [...ofVllm, ...ofLitellm, ...ofBase].map(operationOf);

function operationOf(probe: Probe): Operation {
  return probeOf(probe, (contentType, script) => headOf(contentType, script, 0));
}

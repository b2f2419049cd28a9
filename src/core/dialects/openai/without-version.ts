import type { Operation } from "../types.ts";

const version = "/v1";

/**
 * An operation at its path without `/v1`, for clients whose base URL ends at the host.
 *
 * @see LiteLLM, proxy_server.py, and api-docs.deepseek.com, which take both
 */
export function withoutVersion(operation: Operation): Operation {
  return {
    ...operation,
    route: operation.route.slice(version.length),
    open: (request) => operation.open({ ...request, target: version + request.target }),
  };
}

import { expect, test } from "vitest";
import { joinPath, sharedWithApi } from "../../../src/core/base-path.ts";

test.each([
  ["/v1", "/v1/models", "/v1/models"],
  ["/v1", "/v1", "/v1"],
  ["/v1", "/v1?limit=1", "/v1?limit=1"],
  ["/v1", "/v1x/models", "/v1/v1x/models"],
  ["/v1", "/files", "/v1/files"],
  ["/openai/v1", "/v1/models", "/openai/v1/models"],
  ["/openai/v1", "/openai/v1/models", "/openai/v1/models"],
  ["/gateway/openai", "/openai/deployments/a", "/gateway/openai/deployments/a"],
  ["/api", "/api/chat", "/api/chat"],
  ["/myapi", "/api/chat", "/myapi/api/chat"],
  ["", "/v1/models", "/v1/models"],
])("the base path %s and %s are %s", (base, target, joined) => {
  expect(joinPath(base, sharedWithApi(base), target)).toBe(joined);
});

import { differenceFrom } from "./document.ts";

/** Every response of the admin API that a test gets by `fetch` must be as the OpenAPI document has it. */
const fetchIt = globalThis.fetch;

globalThis.fetch = async (input, init) => {
  const response = await fetchIt(input, init);
  const { pathname } = new URL(input instanceof Request ? input.url : String(input));
  const type = response.headers.get("content-type") ?? "";
  if (!pathname.startsWith("/admin/v1") || type.startsWith("text/event-stream")) return response;
  const method = input instanceof Request ? input.method : (init?.method ?? "GET");
  const text = await response.clone().text();
  const difference = differenceFrom({ method, path: pathname, status: response.status, type, text });
  if (difference !== undefined) throw new Error(difference);
  return response;
};

import { liveRoute } from "../dashboard/index.ts";
import { resources } from "../resources/index.ts";
import { indexEntries } from "../route-index.ts";
import { openApiDocument } from "./document.ts";

/** The OpenAPI document of the admin API as text, as it is published in `schema/`. */
export function openApiText(): string {
  const { root, list, document } = indexEntries;
  const routes = [root, list, document, ...resources.flatMap((resource) => resource.routes), liveRoute];
  return `${JSON.stringify(openApiDocument(routes), undefined, 2)}\n`;
}

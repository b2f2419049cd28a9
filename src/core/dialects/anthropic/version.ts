import type { HeaderMap } from "../../types.ts";
import { refuseRequest } from "./check.ts";

/** The versions there are. @see https://platform.claude.com/docs/en/api/versioning */
const newest = "2026-10-21";
const versions = new Set(["2023-01-01", "2023-06-01", newest]);
const date = /^\d{4}-\d{2}-\d{2}$/;

/** What a version of the API allows. */
export type Version = {
  /** `temperature`, `top_p` and `top_k`, which the newest one has no longer. */
  readonly sampling: boolean;
  /** Documents in messages of the assistant, which the newest one refuses. */
  readonly assistantDocuments: boolean;
};

const before2026: Version = { sampling: true, assistantDocuments: true };
const since2026: Version = { sampling: false, assistantDocuments: false };

/**
 * The version of the API that a request asks for. A date after the newest version known here is taken for a newer one.
 *
 * @throws BODY_INVALID without a version, and for one that there is not
 * @see https://platform.claude.com/docs/en/api/migration-2026-10-21
 */
export function readVersion(headers: HeaderMap): Version {
  const asked = headers["anthropic-version"] ?? "";
  if (asked === "") return refuseRequest("anthropic-version: header is required");
  if (!versions.has(asked) && !(date.test(asked) && asked > newest)) {
    return refuseRequest(`anthropic-version: ${JSON.stringify(asked.slice(0, 64))} is not a valid version`);
  }
  return asked < newest ? before2026 : since2026;
}

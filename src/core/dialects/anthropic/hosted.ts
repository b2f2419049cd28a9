import { once } from "../shared/conversation.ts";
import type { JsonBody, JsonObject } from "../shared/json-body.ts";
import type { HeaderMap } from "../../types.ts";
import { refuseField } from "./check.ts";

/** What a host of the models tells outside of the body, where the API itself has it inside. */
export type Hosted = {
  readonly model: string;
  /** Undefined where the body tells. */
  readonly stream: boolean | undefined;
};

/** Members of the body that the API itself has in headers. */
export const hostedMembers = ["anthropic_version", "anthropic_beta"];

/** The body of a request to a host, as the API itself would have got it. */
export function hostedBody(json: JsonBody, { model, stream }: Hosted): JsonBody {
  const told: JsonObject = { model, ...(stream !== undefined && { stream }) };
  const whole = once((): JsonObject => {
    const { anthropic_version: version, anthropic_beta: _, ...rest } = json.whole();
    return typeof version === "string" ? { ...rest, ...told } : refuseField("anthropic_version", "Field required");
  });
  return { sizeBytes: json.sizeBytes, member: (name) => told[name] ?? json.member(name), whole };
}

/**
 * The headers that the API would have got.
 *
 * @param own the host's name for a version that is like the API's of 2023; clients send those of the API as well
 */
export function hostedHeaders(headers: HeaderMap, json: JsonBody, own: string): HeaderMap {
  const [version, betas] = hostedMembers.map((name) => json.member(name));
  const named = Array.isArray(betas) ? betas.filter((each) => typeof each === "string").join(",") : "";
  return {
    ...headers,
    "anthropic-version": version === own ? "2023-06-01" : String(version),
    ...(named !== "" && { "anthropic-beta": named }),
  };
}

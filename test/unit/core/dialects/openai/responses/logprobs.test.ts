import { describe, expect, test } from "vitest";
import type { Plan } from "../../../../../../src/core/types.ts";
import { responses } from "../../../../../../src/core/dialects/openai/responses/index.ts";
import { jsonOf, open, partOf, refusal, scriptWith, textsOf } from "../../support.ts";

type Likely = { token: string; logprob: number; bytes?: number[]; top_logprobs: Likely[] };
type Event = { type: string; delta?: string; logprobs?: Likely[]; part?: { logprobs: Likely[] }; response?: unknown };

const tokens = [" one", " two", "é"];
const include = ["message.output_text.logprobs"];

function response(request: object, part = partOf("text", ...tokens)): Plan {
  const ask = open(responses, { model: "gpt-4o", input: "Say this", ...request }).ask();
  return ask.write(scriptWith([part]));
}

function contentOf(plan: Plan): Likely[] {
  return jsonOf(plan)["output"]![0]!["content"]![0]!["logprobs"] as unknown as Likely[];
}

function eventsOf(plan: Plan): Event[] {
  return textsOf(plan).map((text) => JSON.parse(text.slice(text.indexOf("data: ") + "data: ".length)) as Event);
}

describe("logprobs of a response that asks for them", () => {
  const logprobs = contentOf(response({ include, top_logprobs: 2 }));

  test("are those of each token, with its bytes and the most likely ones in its place", () => {
    expect(logprobs.map(({ token, bytes }) => [token, bytes])).toEqual(
      tokens.map((token) => [token, [...new TextEncoder().encode(token)]]),
    );
    for (const { token, logprob, top_logprobs: top } of logprobs) {
      expect(logprob).toBeLessThanOrEqual(0);
      expect(top).toHaveLength(2);
      expect(top[0]).toMatchObject({ token, logprob });
      expect(top[1]!.bytes).toEqual([...new TextEncoder().encode(top[1]!.token)]);
    }
  });

  test("name no other tokens where the request does not say how many", () => {
    expect(contentOf(response({ include })).map(({ top_logprobs: top }) => top)).toEqual([[], [], []]);
  });

  test("come in each delta, without bytes, and together at the end", () => {
    const events = eventsOf(response({ include, top_logprobs: 2, stream: true }));
    const ofType = (type: string): Event[] => events.filter((event) => event.type === type);
    const inDeltas = ofType("response.output_text.delta").map((event) => event.logprobs);
    const plain = ({ token, logprob }: Likely) => ({ token, logprob });
    const withoutBytes = logprobs.map((each) => ({ ...plain(each), top_logprobs: each.top_logprobs.map(plain) }));
    expect(inDeltas).toEqual(withoutBytes.map((each) => [each]));
    expect(ofType("response.output_text.done")[0]!.logprobs).toEqual(withoutBytes);
    expect(ofType("response.content_part.added")[0]!.part!.logprobs).toEqual([]);
    expect(ofType("response.content_part.done")[0]!.part!.logprobs).toEqual(logprobs);
    expect(events.at(-1)!.response).toEqual(jsonOf(response({ include, top_logprobs: 2 })));
  });

  test("are not there of a refusal", () => {
    const refused = jsonOf(response({ include }, partOf("refusal", "No.")));
    expect(refused["output"]![0]!["content"]).toEqual([{ type: "refusal", refusal: "No." }]);
  });
});

test("logprobs that are not asked for are an empty list", () => {
  expect(contentOf(response({ top_logprobs: 2 }))).toEqual([]);
  const events = eventsOf(response({ top_logprobs: 2, stream: true }));
  expect(events.flatMap(({ logprobs, part }) => [...(logprobs ?? []), ...(part?.logprobs ?? [])])).toEqual([]);
});

test.each([
  [["message.output_text.logprob"], "include[0]", "invalid_value"],
  [["reasoning.encrypted_content", 1], "include[1]", "invalid_type"],
])("what cannot be included is refused: %j", (list, param, detail) => {
  expect(refusal(() => response({ include: list }))).toMatchObject({ code: "BODY_INVALID", param, detail });
});

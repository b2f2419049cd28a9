import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { chat } from "../../src/core/dialects/openai/chat/index.ts";
import { completions } from "../../src/core/dialects/openai/completions/index.ts";
import { embeddings } from "../../src/core/dialects/openai/embeddings/index.ts";
import { renderFailure } from "../../src/core/dialects/openai/errors.ts";
import { moderations } from "../../src/core/dialects/openai/moderations.ts";
import { compact } from "../../src/core/dialects/openai/responses/compact.ts";
import { conversations } from "../../src/core/dialects/openai/responses/conversations.ts";
import { responses } from "../../src/core/dialects/openai/responses/index.ts";
import { responseAt } from "../../src/core/dialects/openai/responses/kept.ts";
import { dialectNamed } from "../../src/core/dialects/index.ts";
import type { Operation } from "../../src/core/dialects/types.ts";
import { cured, expectMeant, heldOf, outcomeOf, runs, type Reason } from "../support/any-request.ts";
import { bodyOf, textOf, type Loose } from "../support/chat-stream.ts";
import { describeWith } from "../support/programs/missing.ts";
import { asLastChunk, withFunctions, withNumbers } from "../support/openapi/gaps.ts";
import { eventsOf, readOpenApi, type SchemaJudge } from "../support/openapi/document.ts";
import { requestHints } from "../support/openapi/hints.ts";
import { instancesOf } from "../support/openapi/instances.ts";
import {
  chatReasons,
  completionReasons,
  conversationReasons,
  embeddingReasons,
  moderationReasons,
  responseReasons,
} from "../support/openapi/reasons.ts";
import { simulated } from "../support/simulated.ts";

/** An operation, and the schemas of what it takes and gives. */
type Case = {
  readonly operation: Operation;
  readonly request: string;
  /** Members that are always there, although the document does not ask for them. */
  readonly needed?: readonly string[];
  readonly whole: string;
  /** Of an event; undefined where nothing is streamed. */
  readonly event?: string;
  /** A response or an event with what the document has a word for in place of what it has none for. */
  readonly documented?: (value: Loose) => unknown;
  readonly reasons: readonly Reason[];
};

const cases: readonly Case[] = [
  {
    operation: chat,
    request: "CreateChatCompletionRequest",
    whole: "CreateChatCompletionResponse",
    event: "CreateChatCompletionStreamResponse",
    documented: (value) => (value.object === "chat.completion.chunk" ? withFunctions(value) : value),
    reasons: chatReasons,
  },
  {
    operation: completions,
    request: "CreateCompletionRequest",
    whole: "CreateCompletionResponse",
    event: "CreateCompletionResponse",
    documented: asLastChunk,
    reasons: completionReasons,
  },
  {
    operation: responses,
    request: "CreateResponse",
    needed: ["model", "input"],
    whole: "Response",
    event: "ResponseStreamEvent",
    reasons: responseReasons,
  },
  {
    operation: embeddings,
    request: "CreateEmbeddingRequest",
    whole: "CreateEmbeddingResponse",
    documented: withNumbers,
    reasons: embeddingReasons,
  },
  {
    operation: moderations,
    request: "CreateModerationRequest",
    whole: "CreateModerationResponse",
    reasons: moderationReasons,
  },
  {
    operation: compact,
    request: "CompactResponseMethodPublicBody",
    needed: ["model", "input"],
    whole: "CompactResource",
    reasons: responseReasons,
  },
  {
    operation: conversations,
    request: "CreateConversationBody",
    whole: "ConversationResource",
    reasons: conversationReasons,
  },
];

const overrides = fc.record({
  outputTokens: fc.integer({ min: 1, max: 40 }),
  declines: fc.integer({ min: 0, max: 19 }).map((luck) => luck === 0),
});

describeWith(
  "the OpenAI document (OPENAI_OPENAPI)",
  process.env["OPENAI_OPENAPI"],
  "any request that the OpenAI document allows",
  (file) => {
    let judge: SchemaJudge;
    beforeAll(async () => {
      judge = await readOpenApi(file);
    });

    test.each(cases)(
      "of $operation.name gets a response that the document allows, or a refusal for a known reason",
      ({ operation, request: name, needed = [], whole, event, documented = (value) => value, reasons }) => {
        const counts = { answered: 0, streamed: 0, refused: 0 };
        const anything = requestsBy(judge, name, needed);
        const requests: fc.Arbitrary<Loose> = fc
          .tuple(anything, fc.boolean(), fc.integer({ min: 0, max: 9 }))
          .map(([plain, stream, luck]) => {
            const request = stream && event !== undefined ? { ...plain, stream } : plain;
            return luck === 0 ? request : cured(request, reasons);
          });
        const expectValid = (schema: string, value: unknown): void => {
          expect(judge.errors(schema, value)).toEqual([]);
        };
        fc.assert(
          fc.property(requests, fc.nat(1000), overrides, (request, seed, { outputTokens, declines }) => {
            expect(judge.mistakesOfAny(name, request)).toEqual([]);
            const held = heldOf(request, reasons);
            const refusal = declines && (operation === chat || operation === responses);
            const response = outcomeOf(() => textOf(simulated(operation, request, seed, { outputTokens, refusal })));
            if (response instanceof StuntdoubleError) {
              counts.refused += 1;
              expectRefused(response, held, judge);
              return;
            }
            expect(held.map(({ why }) => why)).toEqual([]);
            counts.answered += 1;
            if (event === undefined || request.stream !== true) {
              expectValid(whole, documented(JSON.parse(response)));
              return;
            }
            counts.streamed += 1;
            for (const each of eventsOf(response)) expectValid(event, documented(each));
          }),
          runs,
        );
        const { answered, streamed, refused } = counts;
        expect(answered / (answered + refused)).toBeGreaterThan(0.8);
        expect(streamed / answered).toBeGreaterThanOrEqual(event === undefined ? 0 : 0.4);
      },
    );

    test.each(["groq", "mistral", "deepseek", "openrouter", "together", "xai", "lmstudio", "vllm"])(
      "of chat gets a response from %s that the document allows, but for its tier of service",
      (name) => {
        const operation = dialectNamed(name)?.operations.find((each) => each.name === "chat");
        if (operation === undefined) throw new Error(`${name} has no chat.`);
        const requests = fc
          .tuple(
            requestsBy(judge, "CreateChatCompletionRequest", []),
            fc.boolean(),
            fc.constantFrom("m", "deepseek-r1"),
          )
          .map(([plain, stream, model]) => cured({ ...plain, stream, model }, chatReasons) as Loose);
        fc.assert(
          fc.property(requests, fc.nat(1000), overrides, (request, seed, { outputTokens }) => {
            const text = textOf(simulated(operation, request, seed, { outputTokens }));
            const isStream = request.stream === true;
            const schema = isStream ? "CreateChatCompletionStreamResponse" : "CreateChatCompletionResponse";
            for (const { service_tier: _, ...each } of isStream ? eventsOf(text) : [JSON.parse(text)])
              expect(judge.errors(schema, isStream ? withFunctions(each) : each)).toEqual([]);
          }),
          { ...runs, numRuns: Math.ceil(runs.numRuns / 4) },
        );
      },
    );

    test("of responses has its input listed as the document says", () => {
      const requests = requestsBy(judge, "CreateResponse", ["input", "model"]).map((request) => {
        const { stream: _, ...plain } = request as Loose;
        return cured(
          { ...plain, store: true, background: false, previous_response_id: null, conversation: null },
          responseReasons,
        ) as Loose;
      });
      fc.assert(
        fc.property(requests, (request) => {
          const texts = new Map<string, string>();
          const kept = {
            keep: (id: string, pieces: readonly string[]) => void texts.set(id, pieces.join("")),
            find: (id: string) => texts.get(id),
            forget: (id: string) => texts.delete(id),
          };
          const { id } = bodyOf(simulated(responses, request, 1, { outputTokens: 5, kept }));
          const [listing] = responseAt(`/v1/responses/${id}/input_items`);
          const list = bodyOf(simulated(listing!, {}, 1, { kept }));
          // The results of a computer are listed when they are over.
          for (const item of list.data) {
            if (item.type === "computer_call_output" && item.status === "in_progress") item.status = "completed";
          }
          expect(judge.mistakesOfAny("ResponseItemList", list)).toEqual([]);
        }),
        runs,
      );
    });
  },
);

function requestsBy(judge: SchemaJudge, name: string, needed: readonly string[]): fc.Arbitrary<object> {
  const schema = { allOf: [{ $ref: `#/components/schemas/${name}` }, { required: needed }] };
  return instancesOf(schema, judge.schemas, requestHints) as fc.Arbitrary<object>;
}

function expectRefused(error: StuntdoubleError, held: readonly Reason[], judge: SchemaJudge): void {
  expectMeant(error, held);
  const { status, code, message, param, detail } = error;
  const { head, body } = renderFailure({ status, code, message, param, detail, requestId: "req_1" });
  expect(head.status).toBe(status);
  expect([400, 403]).toContain(status);
  expect(judge.errors("ErrorResponse", JSON.parse(body))).toEqual([]);
}

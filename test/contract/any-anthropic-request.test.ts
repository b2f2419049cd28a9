import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import * as fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { StuntdoubleError } from "../../src/core/errors.ts";
import { renderFailure } from "../../src/core/dialects/anthropic/errors.ts";
import { messages } from "../../src/core/dialects/anthropic/operations.ts";
import { messageHints, messageReasons } from "../support/anthropic-reasons.ts";
import { cured, expectMeant, heldOf, outcomeOf, runs } from "../support/any-request.ts";
import { textOf, type Loose } from "../support/chat-stream.ts";
import { describeWith } from "../support/programs/missing.ts";
import { eventsOf, judgeOf, type SchemaJudge } from "../support/openapi/document.ts";
import type { Schemas } from "../support/openapi/alternatives.ts";
import { instancesOf } from "../support/openapi/instances.ts";
import { pythonWith } from "../support/programs/index.ts";
import { simulated } from "../support/simulated.ts";

/** The newest API, and the one with features in beta. */
const version = { "anthropic-version": "2026-10-21" };
const betas = "mcp-client-2025-11-20, context-management-2025-06-27";
const surfaces = [
  { surface: "the API", prefix: "", headers: version },
  { surface: "its beta", prefix: "Beta", headers: { ...version, "anthropic-beta": betas } },
];

describeWith(
  "Python anthropic client",
  pythonWith("anthropic"),
  "any request that the anthropic client for Python can send",
  (python) => {
    let judge: SchemaJudge;
    beforeAll(async () => {
      const script = path.join(import.meta.dirname, "anthropic_schemas.py");
      const { stdout } = await promisify(execFile)(python, [script], { maxBuffer: 10_000_000 });
      judge = judgeOf(JSON.parse(stdout) as Schemas);
    }, 60_000);

    test.each(surfaces)("of $surface gets a message that it takes, or a refusal for a known reason", (of) => {
      const { prefix, headers } = of;
      const counts = { answered: 0, streamed: 0, refused: 0 };
      const root = { $ref: `#/components/schemas/${prefix}MessageCreateParams` };
      const requests: fc.Arbitrary<Loose> = fc
        .tuple(instancesOf(root, judge.schemas, messageHints), fc.boolean(), fc.integer({ min: 0, max: 9 }))
        .map(([plain, stream, luck]) => {
          // The client sends these as headers.
          const { user_profile_id: _, workspace_id: __, betas: ___, ...body } = plain as Loose;
          const request = { ...body, stream };
          return luck === 0 ? request : cured(request, messageReasons);
        });
      const overrides = fc.record({
        outputTokens: fc.integer({ min: 1, max: 60 }),
        refusal: fc.integer({ min: 0, max: 19 }).map((luck) => luck === 0),
      });
      fc.assert(
        fc.property(requests, fc.nat(1000), overrides, (request, seed, wished) => {
          expect(judge.errors(`${prefix}MessageCreateParams`, request)).toEqual([]);
          const held = heldOf(request, messageReasons);
          const response = outcomeOf(() => textOf(simulated(messages, request, seed, { ...wished, headers })));
          if (response instanceof StuntdoubleError) {
            counts.refused += 1;
            expectMeant(response, held);
            const { status, code, message, param } = response;
            const { head, body } = renderFailure({ status, code, message, param, requestId: "req_1" });
            expect([400, 404]).toContain(head.status);
            expect(JSON.parse(body)).toMatchObject({ type: "error", error: { message } });
            return;
          }
          expect(held.map(({ why }) => why)).toEqual([]);
          counts.answered += 1;
          if (request.stream !== true) {
            expect(judge.errors(`${prefix}Message`, JSON.parse(response))).toEqual([]);
            return;
          }
          counts.streamed += 1;
          for (const event of eventsOf(response) as Loose[]) {
            // Clients skip it by its name.
            if (event.type !== "ping") expect(judge.errors(`${prefix}RawMessageStreamEvent`, event)).toEqual([]);
          }
        }),
        runs,
      );
      const { answered, streamed, refused } = counts;
      expect(answered / (answered + refused)).toBeGreaterThan(0.8);
      expect(streamed / answered).toBeGreaterThan(0.4);
    });
  },
);

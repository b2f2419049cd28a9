import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chats, completions, embeddings, messages, moderations, refused, responses } from "./openapi-requests.ts";
import { describeWith } from "../support/programs/missing.ts";
import { startNode, type Node } from "../support/node.ts";
import { asLastChunk } from "../support/openapi/gaps.ts";
import { eventsOf, readOpenApi, type SchemaJudge } from "../support/openapi/document.ts";

describeWith(
  "the OpenAI document (OPENAI_OPENAPI)",
  process.env["OPENAI_OPENAPI"],
  "by the OpenAI document",
  (file) => {
    let node: Node;
    let judge: SchemaJudge;
    beforeAll(async () => {
      node = await startNode({ control: { enabled: true } });
      judge = await readOpenApi(file);
    });
    afterAll(() => node.stop());

    const ask = async (method: string, path: string, body?: object) => {
      const headers = { "content-type": "application/json", "x-stuntdouble": "tokens=40, seed=1" };
      const sent = body === undefined ? {} : { body: JSON.stringify(body) };
      const response = await fetch(node.url + path, { method, headers, ...sent });
      return { status: response.status, text: await response.text() };
    };
    const askWell = async (path: string, body: object): Promise<string> => {
      const { status, text } = await ask("POST", path, body);
      expect({ status, text }).toMatchObject({ status: 200 });
      return text;
    };
    const expectWhole = async (schema: string, path: string, body: object) => {
      const { stream_options: _, ...whole } = body as { stream_options?: object };
      expect(judge.errors(schema, JSON.parse(await askWell(path, whole)))).toEqual([]);
    };
    const expectStream = async (schema: string, path: string, body: object) => {
      const events = eventsOf(await askWell(path, { ...body, stream: true }));
      expect(events.length).toBeGreaterThan(3);
      for (const event of events) expect({ event, errors: judge.errors(schema, event) }).toEqual({ event, errors: [] });
    };

    test("a wrong value is found", () => {
      expect(judge.errors("CreateEmbeddingResponse", { object: "list", data: [], model: 5 })).not.toEqual([]);
      expect(judge.errors("ResponseStreamEvent", { type: "response.output_text.delta", delta: "a" })).not.toEqual([]);
    });

    describe("a chat completion is valid", () => {
      const path = "/v1/chat/completions";
      const request = (body: object) => ({ model: "gpt-4o", messages, ...body });
      test.each(chats)("$what", ({ body }) => expectWhole("CreateChatCompletionResponse", path, request(body)));
      test.each(chats)("$what, streamed", ({ body }) =>
        expectStream("CreateChatCompletionStreamResponse", path, request(body)),
      );
    });

    test("chat completions that are stored are valid", async () => {
      const path = "/v1/chat/completions";
      const made = await askWell(path, { model: "gpt-4o", messages, store: true, metadata: { note: "a" } });
      const { id } = JSON.parse(made) as { id: string };
      const get = async (at: string): Promise<unknown> => JSON.parse((await ask("GET", path + at)).text) as unknown;
      expect(judge.errors("ChatCompletionList", await get("?metadata[note]=a"))).toEqual([]);
      expect(judge.errors("CreateChatCompletionResponse", await get(`/${id}`))).toEqual([]);
      // The document describes the messages of the model only, and shows one of the user.
      const { data, ...list } = (await get(`/${id}/messages`)) as { data: object[] };
      const said = data.map((each) => ({ ...each, role: "assistant", refusal: null }));
      expect(judge.errors("ChatCompletionMessageList", { ...list, data: said })).toEqual([]);
      const deleted: unknown = JSON.parse((await ask("DELETE", `${path}/${id}`)).text);
      expect(judge.errors("ChatCompletionDeleted", deleted)).toEqual([]);
    });

    describe("a text completion is valid", () => {
      const path = "/v1/completions";
      const request = (body: object) => ({ model: "gpt-3.5-turbo-instruct", ...body });
      test.each(completions)("$what", ({ body }) => expectWhole("CreateCompletionResponse", path, request(body)));
      test.each(completions)("$what, streamed", async ({ body }) => {
        const events = eventsOf(await askWell(path, { ...request(body), stream: true }));
        expect(events.length).toBeGreaterThan(3);
        for (const event of events) {
          expect(judge.errors("CreateCompletionResponse", asLastChunk(event))).toEqual([]);
        }
      });
    });

    describe("a response is valid", () => {
      const path = "/v1/responses";
      const request = (body: object) => ({ model: "gpt-4o", input: "Say this is a test", ...body });
      test.each(responses)("$what", ({ body }) => expectWhole("Response", path, request(body)));
      test.each(responses)("$what, streamed", ({ body }) => expectStream("ResponseStreamEvent", path, request(body)));

      test.each(responses.filter(({ body }) => !("store" in body)))("$what, asked for again", async ({ body }) => {
        const { stream_options: _, ...whole } = request(body) as { stream_options?: object };
        const text = await askWell(path, whole);
        const { id } = JSON.parse(text) as { id: string };
        expect((await ask("GET", `${path}/${id}`)).text).toBe(text);
        const items: unknown = JSON.parse((await ask("GET", `${path}/${id}/input_items`)).text);
        expect(judge.errors("ResponseItemList", items)).toEqual([]);
      });

      test("its tokens counted", async () => {
        const whole = JSON.parse(await askWell(path, request({}))) as { usage: { input_tokens: number } };
        const counted: unknown = JSON.parse(await askWell(`${path}/input_tokens`, request({})));
        expect(judge.errors("TokenCountsResource", counted)).toEqual([]);
        expect(counted).toMatchObject({ input_tokens: whole.usage.input_tokens });
      });

      test("compacted", async () => {
        const compacted: unknown = JSON.parse(await askWell(`${path}/compact`, request({})));
        expect(judge.errors("CompactResource", compacted)).toEqual([]);
      });

      test("of a conversation, which is valid too", async () => {
        const items = [{ role: "user", content: "Hello" }];
        const created = JSON.parse(await askWell("/v1/conversations", { items })) as { id: string };
        expect(judge.errors("ConversationResource", created)).toEqual([]);
        const response: unknown = JSON.parse(await askWell(path, request({ conversation: created.id })));
        expect(judge.errors("Response", response)).toEqual([]);
        const at = `/v1/conversations/${created.id}`;
        const listed: unknown = JSON.parse((await ask("GET", `${at}/items`)).text);
        expect(judge.errors("ConversationItemList", listed)).toEqual([]);
        const deleted: unknown = JSON.parse((await ask("DELETE", at)).text);
        expect(judge.errors("DeletedConversationResource", deleted)).toEqual([]);
      });

      test("in the background", async () => {
        const queued: unknown = JSON.parse(await askWell(path, request({ background: true })));
        expect(queued).toMatchObject({ status: "queued" });
        expect(judge.errors("Response", queued)).toEqual([]);
      });

      test("cancelled", async () => {
        const headers = { "content-type": "application/json", "x-stuntdouble": "ttft=60000" };
        const body = JSON.stringify(request({ background: true }));
        const { id } = (await (await fetch(node.url + path, { method: "POST", headers, body })).json()) as {
          id: string;
        };
        const running: unknown = JSON.parse((await ask("GET", `${path}/${id}`)).text);
        const cancelled: unknown = JSON.parse((await ask("POST", `${path}/${id}/cancel`)).text);
        expect([running, cancelled]).toMatchObject([{ status: "in_progress" }, { status: "cancelled" }]);
        expect([...judge.errors("Response", running), ...judge.errors("Response", cancelled)]).toEqual([]);
      });
    });

    test.each(embeddings)("embeddings are valid: $what", ({ body }) =>
      expectWhole("CreateEmbeddingResponse", "/v1/embeddings", { model: "text-embedding-3-small", ...body }),
    );

    test.each(moderations)("a moderation is valid: $what", ({ body }) =>
      expectWhole("CreateModerationResponse", "/v1/moderations", body),
    );

    test("models are valid", async () => {
      const list: unknown = JSON.parse((await ask("GET", "/v1/models")).text);
      expect(judge.errors("ListModelsResponse", list)).toEqual([]);
      const model: unknown = JSON.parse((await ask("GET", "/v1/models/gpt-4o")).text);
      expect(judge.errors("Model", model)).toEqual([]);
    });

    test.each(refused)("the refusal of $what is valid", async ({ path, body, status }) => {
      const response = await ask(body === undefined ? "GET" : "POST", path, body);
      expect(response.status).toBe(status);
      expect(judge.errors("ErrorResponse", JSON.parse(response.text))).toEqual([]);
    });

    test.each(["status;status=429", "status;status=500", "status;status=401"])(
      "the response of the fault %s is valid",
      async (fault) => {
        const headers = { "content-type": "application/json", "x-stuntdouble": `fault=${fault}` };
        const body = JSON.stringify({ model: "gpt-4o", input: "a" });
        const response = await fetch(`${node.url}/v1/responses`, { method: "POST", headers, body });
        expect(judge.errors("ErrorResponse", await response.json())).toEqual([]);
      },
    );

    test("the error in the middle of a response is valid", async () => {
      const headers = { "content-type": "application/json", "x-stuntdouble": "fault=error-event;after=4" };
      const body = JSON.stringify({ model: "gpt-4o", input: "a", stream: true });
      const events = eventsOf(
        await (await fetch(`${node.url}/v1/responses`, { method: "POST", headers, body })).text(),
      );
      expect(events.at(-1)).toMatchObject({ type: "error", sequence_number: events.length - 1 });
      for (const event of events) expect(judge.errors("ResponseStreamEvent", event)).toEqual([]);
    });
  },
);

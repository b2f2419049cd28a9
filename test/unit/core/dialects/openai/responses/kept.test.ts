import { describe, expect, test } from "vitest";
import { createRng } from "../../../../../../src/core/rng.ts";
import { openai } from "../../../../../../src/core/dialects/openai/index.ts";
import { responses } from "../../../../../../src/core/dialects/openai/responses/index.ts";
import type { Operation } from "../../../../../../src/core/dialects/types.ts";
import { createKept } from "../kept-support.ts";
import { bodyOf, jsonOf, refusal, scriptOf, type Json } from "../../support.ts";

function setUp() {
  const kept = createKept();
  const opened = (operation: Operation, target: string, body: string) =>
    operation.open({ headers: {}, target, body: bodyOf(body), count: (text) => text.length, kept });
  let calls = 0;
  const create = (request: object): Json => {
    const asked = opened(
      responses,
      "/v1/responses",
      JSON.stringify({ model: "gpt-4o", input: "Hi", ...request }),
    ).ask();
    calls += 1;
    const parts = asked.compose?.(4, createRng(1)) ?? [{ kind: "text" as const, tokens: ["a", "b"], text: "ab" }];
    const script = scriptOf(
      parts.flatMap(({ tokens }) => tokens),
      { id: `req_${calls}`, parts },
    );
    const timing = { ...script.timing, totalMs: 2500 };
    return jsonOf(asked.write({ ...script, timing }));
  };
  const operationOf = (method: string, target: string): Operation => {
    const [path = ""] = target.split("?");
    const found = openai.operationsAt!(path).find((operation) => operation.method === method);
    if (found === undefined) throw new Error(`${method} ${path} is no operation`);
    return found;
  };
  /** What a request is answered so many seconds after the first. */
  const ask = (method: string, target: string, seconds = 60): Json => {
    const asked = opened(operationOf(method, target), target, "").ask();
    return jsonOf(asked.write(scriptOf([], { createdSeconds: 1_700_000_000 + seconds })));
  };
  const refused = (method: string, target: string) =>
    refusal(() => opened(operationOf(method, target), target, "").ask());
  const facts = (method: string, target: string) => opened(operationOf(method, target), target, "").facts;
  return { kept, create, ask, refused, facts };
}

function pathOf(response: Json, rest = ""): string {
  return `/v1/responses/${response["id"] as unknown as string}${rest}`;
}

test("a response is given again as it was, and rules see its model", () => {
  const { create, ask, facts } = setUp();
  const response = create({ model: "o4-mini" });
  expect(ask("GET", pathOf(response))).toEqual(response);
  expect(facts("GET", pathOf(response)).model).toBe("o4-mini");
});

test("a deleted response is gone", () => {
  const { create, ask, refused } = setUp();
  const response = create({});
  expect(ask("DELETE", pathOf(response))).toEqual({ id: response["id"], object: "response", deleted: true });
  expect(refused("GET", pathOf(response))).toMatchObject({ code: "NOT_FOUND" });
});

test("one that is not to be stored is not kept", () => {
  const { create, kept } = setUp();
  create({ store: false });
  expect(kept.texts.size).toBe(0);
});

describe("an unknown response", () => {
  test.each([
    ["GET", ""],
    ["DELETE", ""],
    ["GET", "/input_items"],
    ["POST", "/cancel"],
  ])("is refused to %s %s in the provider's words", (method, rest) => {
    const { refused } = setUp();
    const refusal = refused(method, `/v1/responses/resp_0${rest}`);
    expect(refusal).toMatchObject({ code: "NOT_FOUND", message: "Response with id 'resp_0' not found.", detail: null });
    const { head, body } = openai.failure({ status: 404, requestId: "r", ...refusal, code: "NOT_FOUND" });
    expect([head.status, JSON.parse(body)]).toEqual([
      404,
      {
        error: {
          message: "Response with id 'resp_0' not found.",
          type: "invalid_request_error",
          param: null,
          code: null,
        },
      },
    ]);
  });

  test("cannot be gone on from", () => {
    const { create } = setUp();
    expect(refusal(() => create({ previous_response_id: "resp_0" }))).toMatchObject({
      param: "previous_response_id",
      detail: "previous_response_not_found",
      message: "Previous response with id 'resp_0' not found.",
    });
  });
});

test("what is no id of a response is refused as such", () => {
  expect(setUp().refused("GET", "/v1/responses/abc")).toMatchObject({ param: "response_id", detail: "invalid_value" });
});

test("the tokens of what was said before count again", () => {
  const { create } = setUp();
  const first = create({});
  const next = create({ previous_response_id: first["id"] });
  const tokens = (response: Json, name: string): number => Number(response["usage"]![name]);
  expect(tokens(next, "input_tokens")).toBe(tokens(first, "input_tokens") + tokens(first, "total_tokens"));
});

test("the result of a call is taken from whoever goes on from that call", () => {
  const { create } = setUp();
  const tool = { type: "function", name: "look_up", parameters: { type: "object", properties: {} } };
  const asked = create({ tools: [tool], tool_choice: "required" });
  const id = asked["output"]![0]!["call_id"];
  const output = { type: "function_call_output", call_id: id, output: "found" };
  const told = create({ previous_response_id: asked["id"], input: [output], tools: [tool] });
  expect(told["output"]![0]).toMatchObject({ type: "message" });
  const other = create({});
  expect(refusal(() => create({ previous_response_id: other["id"], input: [output] }))).toMatchObject({
    param: "input",
  });
});

describe("the input of a response", () => {
  const input = [
    { role: "developer", content: "one" },
    { role: "assistant", content: "two" },
    {
      role: "user",
      content: [
        { type: "input_text", text: "three" },
        { type: "input_image", image_url: "data:," },
      ],
    },
  ];
  const listed = (query: string): Json => {
    const { create, ask } = setUp();
    return ask("GET", pathOf(create({ input }), `/input_items${query}`));
  };

  test("is listed with ids and in parts, the last one first", () => {
    expect(listed("")).toMatchObject({
      object: "list",
      has_more: false,
      data: [
        { type: "message", role: "user", content: [{ text: "three" }, { type: "input_image", detail: "auto" }] },
        { role: "assistant", content: [{ type: "output_text", text: "two", annotations: [] }] },
        { role: "developer", content: [{ type: "input_text", text: "one" }] },
      ],
    });
    const ids = listed("")["data"]!.map((item) => item["id"]);
    expect(new Set(ids).size).toBe(3);
    expect([listed("")["first_id"], listed("")["last_id"]]).toEqual([ids[0], ids[2]]);
  });

  test("is listed in pages", () => {
    const { create, ask } = setUp();
    const response = create({ input });
    const first = ask("GET", pathOf(response, "/input_items?order=asc&limit=2"));
    expect(first).toMatchObject({ has_more: true, data: [{ role: "developer" }, { role: "assistant" }] });
    const after = first["last_id"] as unknown as string;
    const second = ask("GET", pathOf(response, `/input_items?order=asc&limit=2&after=${after}`));
    expect(second).toMatchObject({ has_more: false, data: [{ role: "user" }] });
  });

  test("is listed without what only points to something", () => {
    const { create, ask } = setUp();
    const references = [{ id: "msg_1" }, { type: "item_reference", id: "msg_2" }, { type: "compaction_trigger" }];
    const list = ask("GET", pathOf(create({ input: [...references, input[0]] }), "/input_items"));
    expect(list).toMatchObject({ has_more: false, data: [{ type: "message", role: "developer" }] });
  });

  test.each<[object, object]>([
    [
      { type: "compaction", id: null, encrypted_content: "a" },
      { id: expect.stringMatching(/^item_/) as string, status: "completed" },
    ],
    [
      { type: "tool_search_call", arguments: {} },
      { call_id: null, execution: "server" },
    ],
    [
      { type: "shell_call", call_id: "c", action: { commands: ["ls"] }, status: null },
      {
        status: "completed",
        environment: null,
        action: { commands: ["ls"], timeout_ms: null, max_output_length: null },
      },
    ],
    [{ type: "shell_call_output", call_id: "c", output: [] }, { max_output_length: null }],
  ])("is listed with all members that the provider shows: %j", (item, shown) => {
    const { create, ask } = setUp();
    expect(ask("GET", pathOf(create({ input: [item] }), "/input_items"))).toMatchObject({ data: [shown] });
  });

  test("is listed with the images that a tool gave as those of a message", () => {
    const { create, ask } = setUp();
    const output = [{ type: "input_image", image_url: "u", detail: null }];
    const turn = [
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c", output },
    ];
    const [last] = ask("GET", pathOf(create({ input: turn }), "/input_items"))["data"]!.map((item) => item);
    expect(last!["output"]).toEqual([{ type: "input_image", image_url: "u", detail: "auto" }]);
  });

  test.each(["?limit=0", "?limit=101", "?limit=a", "?order=up"])("is not listed with %s", (query) => {
    const { create, refused } = setUp();
    expect(refused("GET", pathOf(create({ input }), `/input_items${query}`))).toMatchObject({ code: "BODY_INVALID" });
  });
});

test("a response whose stream still runs is in progress", () => {
  const { create, ask } = setUp();
  const response = create({});
  expect(ask("GET", pathOf(response), 1)).toMatchObject({ status: "in_progress", output: [] });
  expect(ask("GET", pathOf(response), 2)).toEqual(response);
});

describe("a response in the background", () => {
  test("is queued, then in progress, and over when its last token would have left", () => {
    const { create, ask } = setUp();
    const queued = create({ background: true });
    expect(queued).toMatchObject({ status: "queued", background: true, output: [] });
    expect(queued).not.toHaveProperty("usage");
    expect(ask("GET", pathOf(queued), 1)).toMatchObject({ status: "in_progress", output: [], completed_at: null });
    expect(ask("GET", pathOf(queued), 2)).toMatchObject({ status: "completed", completed_at: 1_700_000_002 });
  });

  test("can be cancelled until it is over, and is then never completed", () => {
    const { create, ask } = setUp();
    const queued = create({ background: true });
    expect(ask("POST", pathOf(queued, "/cancel"), 1)).toMatchObject({ status: "cancelled", output: [] });
    expect(ask("GET", pathOf(queued), 60)).toMatchObject({ status: "cancelled", output: [] });
    const other = create({ background: true });
    expect(ask("POST", pathOf(other, "/cancel"), 60)).toMatchObject({ status: "completed" });
  });

  test("is the only kind that can be cancelled", () => {
    const { create, refused } = setUp();
    expect(refused("POST", pathOf(create({}), "/cancel"))).toMatchObject({
      message: "Cannot cancel a synchronous response.",
    });
  });
});

test.each(["/v1/responses/", "/v1/responses/resp_1/other", "/v1/responses/resp_1/cancel/now"])(
  "%s is no operation",
  (path) => {
    expect(openai.operationsAt!(path)).toEqual([]);
  },
);

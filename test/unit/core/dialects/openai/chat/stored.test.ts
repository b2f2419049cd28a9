import { describe, expect, test } from "vitest";
import { wordOf, type Json } from "../../support.ts";
import { createCaller } from "../kept-support.ts";

const chats = "/v1/chat/completions";
const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: [{ type: "text", text: "Hi" }] },
];

function setUp() {
  const caller = createCaller();
  const chat = (more: object = {}): Json =>
    caller.ask("POST", chats, { model: "gpt-4o", messages, store: true, ...more });
  const listed = (query = ""): string[] => caller.ask("GET", chats + query)["data"]!.map(({ id }) => wordOf(id));
  return { ...caller, chat, listed };
}

describe("a chat completion that is stored", () => {
  test("is given again with its metadata, and rules see its model", () => {
    const { ask, chat, opened } = setUp();
    const made = chat({ metadata: { topic: "a" } });
    const path = `${chats}/${wordOf(made["id"])}`;
    expect(ask("GET", path)).toEqual({ ...made, metadata: { topic: "a" } });
    expect(opened("GET", path).facts.model).toBe("gpt-4o");
  });

  test.each([{}, { n: 3 }, { logprobs: true, top_logprobs: 2 }])(
    "is kept whole also where it is streamed with %j",
    (more) => {
      const { ask, chat, texts } = setUp();
      const stream = texts("POST", chats, { model: "gpt-4o", messages, store: true, stream: true, ...more });
      const chunks = stream.slice(0, -1).map((text) => JSON.parse(text.slice("data: ".length)) as Json);
      const kept = ask("GET", `${chats}/${wordOf(chunks[0]!["id"])}`);
      const said = kept["choices"]!.map((choice) => choice["message"]!["content"]);
      const streamed = said.map((_: unknown, index: number) =>
        chunks
          .flatMap((chunk) => chunk["choices"]!.map((choice) => choice))
          .filter((choice) => (choice["index"] as unknown) === index)
          .map((choice) => wordOf(choice["delta"]!["content"]))
          .join(""),
      );
      expect(said).toEqual(streamed);
      expect(Object.keys(chat(more))).toEqual(Object.keys(kept).filter((name) => name !== "metadata"));
    },
  );

  test("has its messages listed", () => {
    const { ask, chat } = setUp();
    const id = wordOf(chat()["id"]);
    expect(ask("GET", `${chats}/${id}/messages`)).toMatchObject({
      object: "list",
      data: [
        { id: `${id}-0`, role: "system", content: "Be brief.", content_parts: null },
        { id: `${id}-1`, role: "user", content: null, content_parts: [{ type: "text", text: "Hi" }] },
      ],
      has_more: false,
    });
  });

  test("takes other metadata", () => {
    const { ask, chat } = setUp();
    const path = `${chats}/${wordOf(chat()["id"])}`;
    expect(ask("POST", path, { metadata: { a: "b" } })).toMatchObject({ metadata: { a: "b" } });
    expect(ask("GET", path)).toMatchObject({ metadata: { a: "b" } });
  });

  test("that is deleted is gone, from the list too", () => {
    const { ask, chat, listed, refused } = setUp();
    const id = wordOf(chat()["id"]);
    expect(ask("DELETE", `${chats}/${id}`)).toEqual({ object: "chat.completion.deleted", id, deleted: true });
    expect(refused("GET", `${chats}/${id}`)).toMatchObject({ code: "NOT_FOUND", detail: null });
    expect(listed()).toEqual([]);
  });
});

test("one that is not stored is not kept", () => {
  const { chat, kept } = setUp();
  chat({ store: false });
  chat({ store: null });
  expect(kept.texts.size).toBe(0);
});

describe("the list of those stored", () => {
  test("has them in order, by pages", () => {
    const { ask, chat, listed } = setUp();
    const ids = [chat(), chat(), chat()].map(({ id }) => wordOf(id));
    expect(listed()).toEqual(ids);
    expect(listed("?order=desc")).toEqual(ids.toReversed());
    expect(listed(`?after=${ids[0]}&limit=1`)).toEqual([ids[1]]);
    expect(ask("GET", `${chats}?limit=2`)).toMatchObject({ has_more: true, first_id: ids[0], last_id: ids[1] });
  });

  test("can be of one model, or of metadata", () => {
    const { chat, listed } = setUp();
    const other = wordOf(chat({ model: "gpt-4.1", metadata: { topic: "a b" } })["id"]);
    chat();
    expect(listed("?model=gpt-4.1")).toEqual([other]);
    expect(listed("?metadata%5Btopic%5D=a%20b")).toEqual([other]);
    expect(listed("?metadata[topic]=c")).toEqual([]);
  });

  test("ends with the last hundred", () => {
    const { chat, listed } = setUp();
    const ids = Array.from({ length: 105 }, () => wordOf(chat()["id"]));
    expect(listed("?limit=100")).toEqual(ids.slice(5));
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { chatBody, postText, rawRequest } from "../../support/raw.ts";

let node: Node;
beforeAll(async () => {
  const rules = [
    {
      name: "slow",
      match: { model: "slow" },
      serve: "simulate",
      profile: "instant",
      faults: [{ kind: "status", status: 503 }],
    },
    { name: "own", match: { model: "own" }, serve: "simulate", profile: "instant", reply: { text: "the rule's" } },
  ];
  node = await startNode({ control: { enabled: true }, rules }, { workers: 2 });
}, 60_000);
afterAll(() => node.stop());
afterEach(async () => void (await send("DELETE")));

type Shown = { readonly id: string; readonly given: number; readonly until?: string };

async function send(method: string, body?: unknown, path = "") {
  const response = await fetch(`${node.adminUrl}/admin/v1/replies${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { status: response.status, body: (await response.json()) as Shown & { replies: Shown[]; errors: string[] } };
}

const headersFor = (more: readonly string[]): string[] => [...more, "connection: close"];

/** What the model says, by a connection of its own, so that all workers are asked; the status where it is an error. */
async function ask(content: string, { model = "gpt-4o", headers = [] as readonly string[] } = {}): Promise<string> {
  const body = chatBody({ model, messages: [{ role: "user", content }] });
  const answer = await rawRequest(node.port, postText("/v1/chat/completions", body, headersFor(headers)));
  if (answer.status !== 200) return String(answer.status);
  return (JSON.parse(answer.body) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;
}

test("the first reply that matches is what the model says, in every worker", async () => {
  const { status, body } = await send("POST", {
    match: { lastUserMessage: "weather in (?P<city>\\w+)" },
    reply: { text: "Sunny in ${city}." },
  });
  expect([status, body.given]).toEqual([201, 0]);
  await send("POST", { reply: { text: "anything else" } });
  const said = await Promise.all(Array.from({ length: 8 }, () => ask("weather in Rome")));
  expect(new Set(said)).toEqual(new Set(["Sunny in Rome."]));
  expect(await ask("Hello")).toBe("anything else");
  expect((await send("GET", undefined, `/${body.id}`)).body.given).toBe(8);
});

test("times is exact over all workers: of many calls at once just so many get the reply", async () => {
  await send("POST", { reply: { text: "scripted" }, times: 7 });
  const said = await Promise.all(Array.from({ length: 40 }, () => ask("Hi")));
  expect(said.filter((text) => text === "scripted")).toHaveLength(7);
  expect((await send("GET")).body.replies).toMatchObject([{ times: 7, given: 7 }]);
});

test("replies that were posted at once are all there, each with a count of its own", async () => {
  const texts = Array.from({ length: 12 }, (_, index) => `text ${index}`);
  await Promise.all(texts.map((text) => send("POST", { reply: { text }, times: 1 })));
  const said = await Promise.all(texts.map(() => ask("Hi")));
  expect(said.toSorted()).toEqual(texts.toSorted());
});

test("a reply whose time is over is given no more", async () => {
  const { body } = await send("POST", { reply: { text: "for a moment" }, ttlMs: 1 });
  expect(body.until).toMatch(/^\d{4}-/);
  await expect.poll(() => ask("Hi")).not.toBe("for a moment");
  await expect.poll(async () => (await send("GET")).body.replies).toEqual([]);
});

test("a deleted reply is given no more, and one that is not there cannot be deleted", async () => {
  const { body } = await send("POST", { reply: { text: "gone" } });
  expect(await ask("Hi")).toBe("gone");
  expect((await send("DELETE", undefined, `/${body.id}`)).body).toEqual({ deleted: 1 });
  expect(await ask("Hi")).not.toBe("gone");
  expect((await send("DELETE", undefined, `/${body.id}`)).status).toBe(404);
  expect((await send("GET", undefined, "/reply-0")).status).toBe(404);
});

describe("a reply and what else decides", () => {
  test("comes before the reply of a rule", async () => {
    expect(await ask("Hi", { model: "own" })).toBe("the rule's");
    await send("POST", { reply: { text: "posted" } });
    expect(await ask("Hi", { model: "own" })).toBe("posted");
  });

  test("leaves the faults of the rule, unless it has its own", async () => {
    await send("POST", { match: { lastUserMessage: "clean" }, reply: { text: "no fault" }, faults: [] });
    await send("POST", { reply: { text: "posted" } });
    expect(await ask("Hi", { model: "slow" })).toBe("503");
    expect(await ask("clean", { model: "slow" })).toBe("no fault");
  });

  test("may be a fault alone", async () => {
    await send("POST", { match: { lastUserMessage: "fail" }, faults: [{ kind: "status", status: 429 }], times: 1 });
    expect(await ask("fail")).toBe("429");
    expect(await ask("fail")).not.toBe("429");
  });

  test("gives way to the control header", async () => {
    await send("POST", { reply: { text: "posted" } });
    expect(await ask("Hi", { headers: ['x-stuntdouble: text="from the header"'] })).toBe("from the header");
  });

  test("is not used up by requests for which no model says anything", async () => {
    const { body } = await send("POST", { reply: { text: "posted" }, times: 1 });
    await (await fetch(`${node.url}/v1/models`)).text();
    const input = JSON.stringify({ model: "text-embedding-3-small", input: "Hi" });
    await rawRequest(node.port, postText("/v1/embeddings", input, headersFor([])));
    expect((await send("GET", undefined, `/${body.id}`)).body.given).toBe(0);
  });
});

test.each([
  [{}, "reply: is required, unless there are replies or faults"],
  [{ reply: { text: "a" }, replies: [{ text: "b" }] }, "replies: cannot be combined with reply"],
  [{ reply: {} }, "reply: must have text, json, file, toolCalls or refusal"],
  [{ reply: { text: "${city}" } }, "reply: ${city} is no named group of its conditions"],
  [{ reply: { text: "a" }, times: 0 }, "times: Too small: expected number to be >=1"],
  [{ reply: { text: "a" }, profile: "instnt" }, 'profile: unknown profile "instnt". Did you mean "instant"?'],
  [
    { match: { lastUserMessage: "(" }, reply: { text: "a" } },
    expect.stringContaining("match.lastUserMessage: is not a valid RE2") as string,
  ],
])("%j is refused with what is wrong", async (body, mistake) => {
  expect(await send("POST", body)).toMatchObject({ status: 400, body: { errors: [mistake] } });
});

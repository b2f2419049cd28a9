import { writeFile } from "node:fs/promises";
import path from "node:path";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { createFakeClock, startStuntdouble, type Stuntdouble } from "../../../src/testing/index.ts";

type Said = { readonly choices: readonly { readonly message: { readonly content: string } }[] };

async function chat({ baseUrl }: Stuntdouble, body: object = {}, headers: Record<string, string> = {}) {
  return await fetch(`${baseUrl}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }], ...body }),
  });
}

async function textOf(response: Response): Promise<string> {
  const { choices } = (await response.json()) as Said;
  return choices[0]!.message.content;
}

test("a node simulates without any configuration, and ends with its block", async () => {
  let url: string;
  {
    await using node = await startStuntdouble();
    ({ url } = node);
    expect((await chat(node)).status).toBe(200);
  }
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});

test("a fault acts on as many calls as it was given for, then a reply is given", async () => {
  await using node = await startStuntdouble();
  await node.fault({ kind: "status", status: 429 }, { times: 1 });
  await node.reply("It is sunny.", { match: { lastUserMessage: "hello" } });
  expect((await chat(node)).status).toBe(429);
  expect(await textOf(await chat(node))).toBe("It is sunny.");
});

test("calls are there in their order, with what was asked and what came of it", async () => {
  await using node = await startStuntdouble();
  await node.fault({ kind: "status", status: 503 }, { times: 1 });
  await chat(node, { user: "ann" });
  await chat(node, { stream: true }).then((response) => response.text());
  const calls = await node.calls();
  expect(calls).toMatchObject([
    { status: 503, mode: "fault", faults: ["status"], rule: "reply", request: { body: { user: "ann" } } },
    { status: 200, mode: "simulated", faults: [], rule: "default", stream: true, ending: "finish" },
  ]);
});

test("a call is there as soon as its client has seen its connection break", async () => {
  await using node = await startStuntdouble();
  await node.fault({ kind: "cut", afterTokens: 2 });
  await expect(chat(node, { stream: true }).then((response) => response.text())).rejects.toThrow("terminated");
  expect(await node.calls()).toMatchObject([{ ending: "cut", faults: ["cut"] }]);
});

test("credentials of requests are masked, wherever they came", async () => {
  await using node = await startStuntdouble();
  await chat(
    node,
    {},
    { authorization: "Bearer sk-very-secret-0123456789", "x-api-key": "sk-other-secret-0123456789" },
  );
  expect(JSON.stringify(await node.calls())).not.toContain("secret-0123456789");
});

test("a body that is no JSON is there as its text", async () => {
  await using node = await startStuntdouble();
  await fetch(`${node.baseUrl}/chat/completions`, { method: "POST", body: "{" });
  expect(await node.calls()).toMatchObject([{ status: 400, request: { text: "{", body: undefined } }]);
});

test("reset forgets faults, replies and calls", async () => {
  await using node = await startStuntdouble();
  await node.fault({ kind: "status", status: 500 });
  await chat(node);
  await node.reset();
  expect(await node.calls()).toEqual([]);
  expect((await chat(node)).status).toBe(200);
});

test("a call that was open at a reset belongs to what is forgotten", async () => {
  await using node = await startStuntdouble({
    rules: [{ name: "slow", serve: "simulate", faults: [{ kind: "hang" }] }],
  });
  const given = new AbortController();
  const call = fetch(`${node.baseUrl}/models`, { signal: given.signal }).catch(() => undefined);
  await node.untilInFlight();
  await node.reset();
  given.abort();
  await call;
  expect(await node.calls()).toEqual([]);
});

test("time moves only when told", async () => {
  const clock = createFakeClock();
  await using node = await startStuntdouble({ clock, config: { default: { serve: "simulate", profile: "gpt-4o" } } });
  let isOver = false;
  const call = chat(node, { max_tokens: 5 }).then((response) => ((isOver = true), response));
  await node.untilInFlight();
  await clock.advance(1);
  expect(isOver).toBe(false);
  await clock.advance(3_600_000);
  expect((await call).status).toBe(200);
});

test("a node whose clock stands still ends although a call is open", async () => {
  const clock = createFakeClock();
  const node = await startStuntdouble({ clock, config: { default: { serve: "simulate", profile: "gpt-4o" } } });
  const call = chat(node).catch(() => undefined);
  await node.untilInFlight();
  await node.stop();
  expect(await call).toBe(undefined);
});

test("rules given in code come before those of a file, which is read from where it stands", async () => {
  const file = path.join(tmpdir(), `stuntdouble-testing-${process.pid}.yaml`);
  await writeFile(
    file,
    "rules: [{ name: all, serve: simulate, reply: { text: from the file } }]\nlisten: { port: 1 }\n",
  );
  const rules = [{ name: "first", match: { model: "gpt-4o" }, serve: "simulate", reply: { text: "from code" } }];
  await using node = await startStuntdouble({ config: file, rules });
  expect(await textOf(await chat(node))).toBe("from code");
  expect(await textOf(await chat(node, { model: "gpt-4.1" }))).toBe("from the file");
});

test("errors of a configuration are told with the place in its file", async () => {
  const file = path.join(tmpdir(), `stuntdouble-testing-wrong-${process.pid}.yaml`);
  await writeFile(file, "rules:\n  - { name: a, serve: nowhere }\n");
  await expect(startStuntdouble({ config: file })).rejects.toThrow(`${file}:2:`);
});

test("errors of a fault are told by its name", async () => {
  await using node = await startStuntdouble();
  await expect(node.fault({ kind: "status", status: 9 })).rejects.toThrow("faults.0.status");
});

test("nodes side by side know nothing of each other", async () => {
  await using one = await startStuntdouble();
  await using other = await startStuntdouble();
  await one.fault({ kind: "status", status: 500 });
  expect([(await chat(one)).status, (await chat(other)).status]).toEqual([500, 200]);
  expect(await one.calls()).toHaveLength(1);
});

test("the same seed gives the same response", async () => {
  const said = async (seed: number): Promise<string> => {
    await using node = await startStuntdouble({ seed });
    return await textOf(await chat(node, {}, { "x-request-id": "same" }));
  };
  expect(await said(3)).toBe(await said(3));
});

test("calls are forwarded where the configuration says so", async () => {
  await using provider = await startStuntdouble();
  await provider.reply("from the provider");
  const config = {
    upstreams: { provider: { url: provider.url } },
    default: { serve: "forward", upstream: "provider" },
  };
  await using node = await startStuntdouble({ config });
  expect(await textOf(await chat(node))).toBe("from the provider");
  expect(await node.calls()).toMatchObject([{ mode: "real", upstream: "provider" }]);
});

import { afterEach, expect, test } from "vitest";
import type { Call } from "../../../src/admin/dashboard/state.ts";
import type { Outcome } from "../../../src/core/types.ts";
import { runAt } from "../../support/io.ts";
import { startNode, until, type Node } from "../../support/node.ts";

let node: Node;
afterEach(() => node.stop());

const withControl = { control: { enabled: true } };

const chat = { model: "gpt-4o", stream: true, max_tokens: 6, messages: [{ role: "user", content: "Hi" }] };

async function ask(headers: Record<string, string> = {}, body: object = chat): Promise<void> {
  const response = await fetch(`${node.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close", ...headers },
    body: JSON.stringify(body),
  });
  await response.text().catch(() => undefined);
}

/** `stuntdouble tail` while it runs. */
function startTail(...args: string[]) {
  let shown = "";
  let stop = (_signal: string): void => undefined;
  const untilStopped = new Promise<string>((resolve) => (stop = resolve));
  const ran = runAt(".", ["tail", "--admin", node.adminUrl, ...args], {
    untilStopped,
    printed: (text) => void (shown += text),
  });
  return { ran, stop: () => stop("SIGTERM"), shown: () => shown, lines: () => shown.split("\n").filter(Boolean) };
}

test("tail shows the calls that a filter lets through as they end, and stops when it is told to", async () => {
  node = await startNode(withControl);
  await ask({ "x-request-id": "before" });
  const { ran, stop, lines } = startTail("--status", "5xx");
  const old = startTail();
  await until("the first call", () => old.lines()[0]);
  await ask({ "x-request-id": "good" });
  await ask({ "x-request-id": "bad", "x-stuntdouble": "fault=status;status=503" });
  expect(await until("a line", () => lines()[0])).toMatch(
    / 503  finish +fault +control +gpt-4o .* bad +.*fault=status$/,
  );
  await until("all three", () => old.lines()[2]);
  expect(old.lines().map((line) => /before|good|bad/.exec(line)?.[0])).toEqual(["before", "good", "bad"]);
  stop();
  old.stop();
  expect(await ran).toMatchObject({ code: 0, err: "" });
  expect((await old.ran).code).toBe(0);
  expect(lines()).toHaveLength(1);
});

test("tail --json prints one object a line, in which nothing acts on a terminal", async () => {
  node = await startNode(withControl);
  const { ran, stop, lines } = startTail("--json", "--last", "0");
  await node.idle();
  await until("that it looks", async () => {
    await ask({}, { ...chat, model: "gpt\u001B[2J\u009B2J" });
    return lines()[0];
  });
  stop();
  await ran;
  expect(lines()[0]).not.toMatch(/\p{Cc}/u);
  const call = JSON.parse(lines()[0] ?? "") as Call;
  expect(call).toMatchObject({ model: "gpt\u001B[2J\u009B2J", status: 200, ending: "finish" });
});

test("tail comes back when the node was restarted, and says that calls may be missing", async () => {
  node = await startNode(withControl);
  const adminPort = node.app.adminPort;
  const { ran, stop, shown } = startTail();
  await ask({ "x-request-id": "first" });
  await until("the first", () => /first/.exec(shown()) ?? undefined);
  await node.stop();
  await until("that the connection is lost", () => /The connection to the node is lost: /.exec(shown()) ?? undefined);
  node = await startNode({ ...withControl, admin: { port: adminPort } });
  await until("that it is back", () => /The connection is back after \d+ s\./.exec(shown()) ?? undefined);
  await ask({ "x-request-id": "second" });
  await until("the second", () => /second/.exec(shown()) ?? undefined);
  stop();
  expect((await ran).code).toBe(0);
  expect(shown().match(/first/g)).toHaveLength(1);
});

test("tail ends when nobody reads it any more", async () => {
  node = await startNode(withControl);
  const untilUnread = Promise.resolve();
  const never = new Promise<string>(() => undefined);
  expect(await runAt(".", ["tail", "--admin", node.adminUrl], { untilUnread, untilStopped: never })).toMatchObject({
    code: 0,
  });
});

test("requests list shows what a filter lets through, and --json what the admin API says", async () => {
  node = await startNode(withControl);
  await ask({ "x-request-id": "good" });
  await ask({ "x-request-id": "bad", "x-stuntdouble": "fault=status;status=503" });
  const { code, out } = await runAt(".", ["requests", "list", "--status", "5xx", "--admin", node.adminUrl]);
  expect([code, out.trim().split("\n").length]).toEqual([0, 2]);
  expect(out).toMatch(/^ENDED \(UTC\).*\n.* bad /);
  const { out: json } = await runAt(".", ["requests", "list", "--json", "--admin", node.adminUrl]);
  expect((JSON.parse(json) as { requests: Outcome[] }).requests.map(({ id }) => id)).toEqual(["bad", "good"]);
  expect((await runAt(".", ["requests", "list", "--model", "none", "--admin", node.adminUrl])).out).toBe(
    "No call has ended that has all this.\n",
  );
});

test("requests show draws how the time of a call was spent, and where its fault struck", async () => {
  node = await startNode(withControl);
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  await ask({ "x-request-id": "cut-off", "x-stuntdouble": "fault=cut;after=3, ttft=20, itl=5", traceparent });
  const { code, out } = await runAt(".", ["requests", "show", "cut-off", "--admin", node.adminUrl]);
  expect(code).toBe(0);
  expect(out).toMatch(/^POST \/v1\/chat\/completions: status 200, ending cut, /);
  expect(out).toMatch(/^ *fault struck +cut at [\d.]+ m?s: cut after token \d+, at /m);
  expect(out).toMatch(/^planned +[.|\]-]+ +[\d.]+ m?s$/m);
  expect(out).toMatch(/^actual +[.|X-]*X +[\d.]+ m?s$/m);
  expect(out).toMatch(/^ +token +planned at +gap +actual at +gap$/m);
  const byTrace = await runAt(".", [
    "requests",
    "show",
    traceparent.split("-")[1]!,
    "--json",
    "--admin",
    node.adminUrl,
  ]);
  expect(JSON.parse(byTrace.out)).toMatchObject({ id: "cut-off" });
});

test("requests show of a call that is not there ends with 1 and says where it was looked for", async () => {
  node = await startNode(withControl);
  const { code, err } = await runAt(".", ["requests", "show", "none", "--admin", node.adminUrl]);
  expect([code, err]).toEqual([1, "stuntdouble requests: None of the last 1000 requests has this id.\n"]);
});

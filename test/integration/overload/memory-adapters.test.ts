import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectExtProc, requestBody, requestHeaders, type ExtProcClient } from "../../support/ext-proc-client.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { chatBody, postText, rawConnect } from "../../support/raw.ts";

let node: Node;
let envoy: ExtProcClient;
beforeAll(async () => {
  const limits = { plannedBytes: 15_000 };
  node = await startNode({ control: { enabled: true }, limits, extProc: {} }, { workers: 1 });
  envoy = connectExtProc(node.app.extProcPort!);
}, 60_000);
afterAll(async () => {
  envoy.close();
  await node.stop();
});

const body = chatBody({ stream: true });
const wishes = "ttft=60000, tokens=100";

/** A call that waits or is refused: what came of it so far, and how its client leaves. */
type Asked = { text(): string; leave(): void };

async function byHttp(): Promise<Asked> {
  const { socket, text } = await rawConnect(node.port);
  socket.write(postText("/v1/chat/completions", body, [`x-stuntdouble: ${wishes}`]));
  return { text, leave: () => socket.destroy() };
}

async function byExtProc(): Promise<Asked> {
  const call = envoy.process();
  let text = "";
  call.stream.on("data", (message: unknown) => {
    text += JSON.stringify(message, (_name, value: unknown) => (isBytes(value) ? textOf(value) : value));
  });
  call.send(requestHeaders({ "x-stuntdouble": wishes, "content-type": "application/json" }));
  call.send(requestBody(body, true));
  return { text: () => text, leave: () => call.stream.cancel() };
}

type Bytes = { readonly type: "Buffer"; readonly data: readonly number[] };

function isBytes(value: unknown): value is Bytes {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}

function textOf({ data }: Bytes): string {
  return Buffer.from(data).toString();
}

const used = (): Promise<number> => node.metric("stuntdouble_planned_bytes");
const isAbove = (bytes: number) => async () => ((await used()) > bytes ? true : undefined);

describe.each([
  ["HTTP beside one by ext_proc", byExtProc, byHttp],
  ["ext_proc beside one by HTTP", byHttp, byExtProc],
])("a stream by %s that fills the budget of memory", (_name, first, second) => {
  test("is refused in the words of its API", async () => {
    const waiting = await first();
    await until("a response that waits", isAbove(5000));
    const refused = await second();
    await until("a refusal", () => (refused.text().includes("MEMORY_FULL") ? true : undefined));
    expect(refused.text()).toContain("server_error");
    expect(refused.text()).toContain("503");
    for (const each of [waiting, refused]) each.leave();
    await until("none that waits", async () => ((await used()) === 0 ? true : undefined));
  });
});

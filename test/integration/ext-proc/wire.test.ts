import { connect } from "node:http2";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { describedIn, programBytes, type Described } from "../../support/descriptors.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import {
  connectExtProc,
  ownProtos,
  requestBody,
  requestHeaders,
  type ExtProcClient,
  type Message,
} from "../../support/ext-proc-client.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import { startProgram } from "../../support/programs/program.ts";

const service = "envoy.service.ext_proc.v3.ExternalProcessor";
const chat = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }] });
const streaming = JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Hello" }] });

describe("the ext_proc service, asked by another implementation of gRPC", () => {
  let node: Node;
  let client: ExtProcClient;
  beforeEach(async () => {
    node = await startNode({
      extProc: {},
      listen: { maxBodyBytes: 100_000 },
      control: { enabled: true },
      upstreams: { first: { url: "http://127.0.0.1:1" } },
    });
    client = connectExtProc(node.app.extProcPort!);
  });
  afterEach(async () => {
    client.close();
    await node.stop();
  });

  test("a JSON response comes as one immediate response", async () => {
    const call = client.process();
    call.send(requestHeaders());
    call.send(requestBody(chat.slice(0, 20), false));
    call.send(requestBody(chat.slice(20), true));
    const { immediate_response: response } = (await call.next()) as { immediate_response: Immediate };
    expect(response.status.code).toBe(200);
    expect(JSON.parse(response.body.toString())).toMatchObject({ object: "chat.completion" });
    const types = response.headers.set_headers.filter(({ header }) => header.key === "content-type");
    expect(types.map(({ header }) => header.raw_value.toString())).toEqual(["application/json"]);
    call.stream.end();
    expect(await call.ended()).toBe(0);
  });

  test("a stream comes as a head, events, and an end", async () => {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "itl=2, tokens=3" }));
    call.send(requestBody(streaming, true));
    const pieces: Streamed[] = [];
    do pieces.push(((await call.next()) as { streamed_immediate_response: Streamed }).streamed_immediate_response);
    while (pieces.at(-1)?.body_response?.end_of_stream !== true);
    const [first, ...bodies] = pieces;
    expect(first?.headers_response?.headers.headers[0]).toMatchObject({
      key: ":status",
      raw_value: Buffer.from("200"),
    });
    const text = Buffer.concat(bodies.map(({ body_response: body }) => body?.body ?? Buffer.alloc(0))).toString();
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    call.stream.cancel();
  });

  test("a second end of a body is ignored", async () => {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "forward" }));
    call.send(requestBody(chat, true));
    call.send(requestBody("", true));
    expect(await call.next()).toMatchObject({ request_headers: { response: { clear_route_cache: true } } });
    const passed = (await call.next()) as { request_body: { response: { body_mutation: Message } } };
    expect(passed.request_body.response.body_mutation).toMatchObject({
      streamed_response: { body: Buffer.from(chat), end_of_stream: true },
    });
    call.stream.end();
    expect(await call.ended()).toBe(0);
    await node.idle();
    expect(await node.outcomes()).toHaveLength(1);
  });

  test("request trailers go on behind the body", async () => {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "forward" }));
    call.send(requestBody(chat, false));
    call.send({ request_trailers: { trailers: { headers: [] } } });
    expect(await call.next()).toMatchObject({ request_headers: {} });
    expect(await call.next()).toMatchObject({ request_body: {} });
    expect(await call.next()).toMatchObject({ request_trailers: {} });
    call.stream.cancel();
    await node.idle();
  });

  test("a half-close in the middle of a simulated stream does not end it", async () => {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "itl=20, tokens=5" }));
    call.send(requestBody(streaming, true));
    await call.next();
    call.stream.end();
    expect(await call.ended()).toBe(0);
    const [outcome] = await node.outcomes();
    expect(outcome).toMatchObject({ ending: "finish", actual: { tokens: 5 } });
  });

  test("a call that is cancelled while its body arrives leaves nothing behind", async () => {
    const call = client.process();
    call.send(requestHeaders());
    call.send(requestBody("{", false));
    call.stream.cancel();
    expect(await call.ended()).toBe(1);
    await node.idle();
    expect(await node.stop()).toBe(true);
  });

  test("a call that is cancelled while it waits in the queue, its body held back in Envoy, leaves nothing behind", async () => {
    const busy = await startNode({
      extProc: {},
      control: { enabled: true },
      permits: { max: 1, queueTimeoutMs: 60_000 },
      upstreams: { first: { url: "http://127.0.0.1:1" } },
    });
    const other = connectExtProc(busy.app.extProcPort!);
    const first = other.process();
    first.send(requestHeaders({ "x-stuntdouble": "fault=hang" }));
    first.send(requestBody(chat, true));
    const status = () => busy.admin<{ inFlight: number; waiting: number }>("/admin/v1/status");
    await until("a call with a permit", async () => ((await status()).inFlight === 1 ? true : undefined));
    const second = other.process();
    second.send(requestHeaders({ ":path": "/v1/files" }));
    for (let sent = 0; sent < 30; sent += 1) second.send(requestBody("x".repeat(100_000), false));
    await until("a call in the queue", async () => ((await status()).waiting === 1 ? true : undefined));
    second.stream.cancel();
    await until("an empty queue", async () => ((await status()).waiting === 0 ? true : undefined));
    first.stream.cancel();
    await busy.idle();
    other.close();
    await busy.stop();
  });

  test("more than the largest body is answered by 413, and the rest of it is not kept", async () => {
    const call = client.process();
    call.send(requestHeaders());
    for (let sent = 0; sent < 20; sent += 1) call.send(requestBody("x".repeat(10_000), false));
    const { immediate_response: response } = (await call.next()) as { immediate_response: Immediate };
    expect(response.status.code).toBe(413);
    call.stream.cancel();
    await node.idle();
  });

  test("a call that is only shown gets no response, also where it is answered before its body has come", async () => {
    const call = client.process();
    const said: Message[] = [];
    call.stream.on("data", (message: Message) => said.push(message));
    const show = (message: Message): void => call.send({ ...message, observability_mode: true });
    show({ ...requestHeaders({ "x-stuntdouble": "fault=status;status=503" }), protocol_config: undefined });
    show(requestBody(chat.slice(0, 20), false));
    show({
      response_headers: {
        headers: { headers: [{ key: ":status", raw_value: Buffer.from("413") }] },
        end_of_stream: true,
      },
    });
    expect(await call.ended()).toBe(0);
    expect(said).toEqual([]);
    const [outcome] = await node.outcomes();
    expect(outcome).toMatchObject({ mode: "real", status: 413, ending: "finish", faults: [] });
  });

  test.each([
    ["bytes that are no protobuf", Buffer.from([0, 0, 0, 0, 2, 0x12, 0x7f]), "3"],
    ["a compressed message", Buffer.from([1, 0, 0, 0, 1, 0]), "12"],
    ["a message larger than any body", Buffer.from([0, 0xff, 0, 0, 0]), "8"],
  ])("%s end only their own call", async (_what, bytes, status) => {
    const response = await rawCall(node.app.extProcPort!, `/${service}/Process`, bytes);
    expect(response["grpc-status"]).toBe(status);
    expect(await client.check("")).toBe("SERVING");
  });

  test("an unknown method is unimplemented", async () => {
    const response = await rawCall(node.app.extProcPort!, "/unknown.Service/Method", Buffer.alloc(5));
    expect(response["grpc-status"]).toBe("12");
  });

  test("health is told for the server and for the service, and for no other", async () => {
    expect(await client.check("")).toBe("SERVING");
    expect(await client.check(service)).toBe("SERVING");
    expect(await client.check("unknown")).toBe(5);
  });

  test("a watcher hears that the node stops", async () => {
    const seen: unknown[] = [];
    const watching = client.watch(service);
    const reading = (async () => {
      for await (const { status } of watching) seen.push(status);
    })().catch(() => undefined);
    await until("the first status", () => (seen.length > 0 ? true : undefined));
    await node.stop();
    await reading;
    expect(seen).toEqual(["SERVING", "NOT_SERVING"]);
  });

  test("a stop lets a simulated stream end", async () => {
    const call = client.process();
    call.send(requestHeaders({ "x-stuntdouble": "itl=30, tokens=10" }));
    call.send(requestBody(streaming, true));
    await call.next();
    call.stream.end();
    const stopped = node.stop();
    expect(await call.ended()).toBe(0);
    expect(await stopped).toBe(true);
  });
});

test("all workers of a node response on the one ext_proc port", async () => {
  const node = await startNode({ extProc: {} }, { workers: 2 });
  const clients = Array.from({ length: 6 }, () => connectExtProc(node.app.extProcPort!));
  try {
    for (const client of clients) {
      const call = client.process();
      call.send(requestHeaders());
      call.send(requestBody(chat, true));
      expect(await call.next()).toMatchObject({ immediate_response: { status: { code: 200 } } });
      call.stream.cancel();
    }
    expect(await node.outcomes(6)).toHaveLength(6);
  } finally {
    for (const client of clients) client.close();
    await node.stop();
  }
});

test.each([
  ["--ext-proc with a port", ["--ext-proc", "0"], {}],
  ["--ext-proc without one, where the configuration has it", ["--ext-proc"], { extProc: { port: 0 } }],
  ["extProc in the configuration", [], { extProc: { port: 0 } }],
])("%s starts the service", async (_how, flags, config) => {
  const program = await startProgram(config, {}, 1, flags);
  const [, port] = /ext_proc filter finds it at 127\.0\.0\.1:(\d+)\n/.exec(program.errors()) ?? [];
  const client = connectExtProc(Number(port));
  expect(await client.check(service)).toBe("SERVING");
  client.close();
  expect(await program.stop()).toBe(0);
});

test("without either there is no service", async () => {
  const program = await startProgram({});
  expect(program.errors()).not.toContain("ext_proc");
  await program.stop();
});

type Immediate = {
  readonly status: { readonly code: number };
  readonly headers: {
    readonly set_headers: { readonly header: { readonly key: string; readonly raw_value: Buffer } }[];
  };
  readonly body: Buffer;
};
type Streamed = {
  readonly headers_response?: { readonly headers: { readonly headers: Message[] } };
  readonly body_response?: { readonly body?: Buffer; readonly end_of_stream?: boolean };
};

/** Sends bytes as one gRPC call. @returns all headers and trailers of the response */
async function rawCall(port: number, path: string, bytes: Buffer): Promise<Record<string, unknown>> {
  const session = connect(`http://127.0.0.1:${port}`);
  const stream = session.request({ ":method": "POST", ":path": path, "content-type": "application/grpc" });
  const seen: Record<string, unknown> = {};
  stream.on("response", (headers) => void Object.assign(seen, headers));
  stream.on("trailers", (headers) => void Object.assign(seen, headers));
  stream.on("error", () => undefined);
  stream.resume();
  stream.end(bytes);
  await new Promise<void>((resolve) => void stream.once("close", resolve));
  session.close();
  return seen;
}

const place = findEnvoy();
const program = place === undefined || place === "container" ? undefined : place.program;

describeWith("the program envoy", program, "envoy/proto/ext_proc.proto", (program) => {
  const files = [
    "envoy/service/ext_proc/v3/external_processor.proto",
    "envoy/extensions/filters/http/ext_proc/v3/processing_mode.proto",
    "envoy/config/core/v3/base.proto",
    "envoy/type/v3/http_status.proto",
    "google/protobuf/struct.proto",
  ];
  let envoys: Described[];
  beforeAll(() => {
    const bytes = programBytes(program);
    envoys = files.flatMap((file) => describedIn(bytes, file));
  });
  afterAll(() => {
    envoys = [];
  });

  const own = Object.entries(ownProtos())
    .filter(([name, definition]) => name.startsWith("envoy.") && "type" in definition)
    .map(([name, definition]) => [name.split(".").at(-1)!, definition["type"] as OwnType] as const);

  test("it has something to compare", () => {
    expect(own.map(([name]) => name)).toContain("StreamedImmediateResponse");
  });

  test.each(own)("%s has the numbers and types of the Envoy that is installed", (name, type) => {
    const theirs = envoys.find((each) => each.name === name)?.members;
    for (const field of type.field ?? []) {
      const expected = `${field.number} label ${labels[field.label]} type ${types[field.type]}`;
      // On the wire an enum is a number, and the status is used as one.
      expect(theirs?.get(field.name)?.replace("type 14", name === "HttpStatus" ? "type 13" : "type 14")).toBe(expected);
    }
    for (const value of type.value ?? []) expect(theirs?.get(value.name)).toBe(String(value.number));
  });
});

type OwnType = {
  readonly field?: { readonly name: string; readonly number: number; readonly label: string; readonly type: string }[];
  readonly value?: { readonly name: string; readonly number: number }[];
};
const labels: Readonly<Record<string, number>> = { LABEL_OPTIONAL: 1, LABEL_REPEATED: 3 };
const types: Readonly<Record<string, number>> = {
  TYPE_BOOL: 8,
  TYPE_STRING: 9,
  TYPE_MESSAGE: 11,
  TYPE_BYTES: 12,
  TYPE_UINT32: 13,
  TYPE_ENUM: 14,
};

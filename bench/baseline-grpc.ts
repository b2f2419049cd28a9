/** The usual ext_proc server of Node: grpc-js and proto-loader, with the same messages for each call as ours. */
import path from "node:path";
import type { ServerDuplexStream, ServiceDefinition } from "@grpc/grpc-js";
import { responseHeaders, responseText } from "./response.ts";

/** What is used of a ProcessingRequest. */
type Step = {
  readonly request_headers?: object;
  readonly request_body?: { readonly body?: Buffer; readonly end_of_stream?: boolean };
};

// Envoy ends each call by a reset, and Node closes a connection after a thousand. grpc-js has no option for that.
const http2 = process.getBuiltinModule("node:http2");
const { createServer } = http2;
const resets = { streamResetBurst: 1_000_000, streamResetRate: 1_000_000 };
Object.assign(http2, { createServer: (options: object) => createServer({ ...options, ...resets }) });
const { Server, ServerCredentials } = await import("@grpc/grpc-js");
const { loadSync } = await import("@grpc/proto-loader");

const proto = path.join(import.meta.dirname, "../envoy/proto/ext_proc.proto");
const loaded = loadSync(proto, { keepCase: true, enums: String, oneofs: true, defaults: false });
const service = loaded["envoy.service.ext_proc.v3.ExternalProcessor"] as ServiceDefinition;

const modes = {
  request_header_mode: "SEND",
  response_header_mode: "SEND",
  request_body_mode: "FULL_DUPLEX_STREAMED",
  response_body_mode: "NONE",
  request_trailer_mode: "SEND",
  response_trailer_mode: "SKIP",
};
const metadata = {
  fields: {
    stuntdouble: {
      struct_value: { fields: { decision: { string_value: "simulate" }, rule: { string_value: "default" } } },
    },
  },
};
function response(body: Buffer): object {
  const set = Object.entries(responseHeaders).map(([key, value]) => ({
    header: { key, raw_value: Buffer.from(value) },
    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
  }));
  return {
    dynamic_metadata: metadata,
    immediate_response: {
      status: { code: 200 },
      headers: { set_headers: set },
      body: Buffer.from(responseText(body)),
      details: "stuntdouble_simulate",
    },
  };
}

function answerCalls(call: ServerDuplexStream<Step, object>): void {
  const pieces: Buffer[] = [];
  call.on("data", ({ request_headers: headers, request_body: body }: Step) => {
    if (headers !== undefined) call.write({ mode_override: modes });
    if (body?.body !== undefined) pieces.push(body.body);
    if (body?.end_of_stream === true) call.write(response(Buffer.concat(pieces)));
  });
  call.on("end", () => call.end());
  call.on("error", () => undefined);
}

const server = new Server();
server.addService(service, { Process: answerCalls });
server.bindAsync(`127.0.0.1:${process.argv[2]}`, ServerCredentials.createInsecure(), (error) => {
  if (error !== null) throw error;
});

import path from "node:path";
import {
  credentials,
  loadPackageDefinition,
  type ClientDuplexStream,
  type GrpcObject,
  type ServiceClientConstructor,
  type ServiceError,
} from "@grpc/grpc-js";
import { loadSync, type PackageDefinition } from "@grpc/proto-loader";

/** The proto files of this repository, as another implementation of gRPC reads them. */
export function ownProtos(): PackageDefinition {
  const files = ["ext_proc.proto", "health.proto"].map((name) => path.join("envoy/proto", name));
  return loadSync(files, { keepCase: true, enums: String, oneofs: true, defaults: false });
}

/** What one side says, by field names of the proto file. */
export type Message = Readonly<Record<string, unknown>>;

/** One call of `Process` as Envoy would make it. */
export type ProcessCall = {
  readonly stream: ClientDuplexStream<Message, Message>;
  send(message: Message): void;
  /** Waits for the next message. */
  next(): Promise<Message>;
  /** Waits for the end; resolves to its gRPC status. */
  ended(): Promise<number>;
};

/** A client that is not ours. */
export type ExtProcClient = {
  process(): ProcessCall;
  /** Status of a health check, or the gRPC status code of its refusal. */
  check(service: string): Promise<string | number>;
  /** Each status that `Watch` tells of. */
  watch(service: string): AsyncIterable<Message> & { cancel(): void };
  close(): void;
};

/**
 * Connects to the ext_proc service by grpc-js.
 *
 * @param trusted the only certificate that is accepted, as PEM; without it the connection has no TLS
 */
export function connectExtProc(port: number, trusted?: Buffer): ExtProcClient {
  const loaded = loadPackageDefinition(ownProtos());
  const at = `127.0.0.1:${port}`;
  const secrets = trusted === undefined ? credentials.createInsecure() : credentials.createSsl(trusted);
  // TLS asks a server by a name, not by an address.
  const as = trusted === undefined ? {} : { "grpc.ssl_target_name_override": "localhost" };
  const processor = new (service(loaded, "envoy.service.ext_proc.v3.ExternalProcessor"))(at, secrets, as);
  const health = new (service(loaded, "grpc.health.v1.Health"))(at, secrets, as);
  return {
    process: () => followed(processor["Process"]!() as ClientDuplexStream<Message, Message>),
    check: (name) =>
      new Promise((resolve) => {
        health["Check"]!({ service: name }, (error: ServiceError | null, response: { status: string }) => {
          resolve(error === null ? response.status : error.code);
        });
      }),
    watch: (name) => health["Watch"]!({ service: name }) as AsyncIterable<Message> & { cancel(): void },
    close() {
      processor.close();
      health.close();
    },
  };
}

function service(loaded: GrpcObject, name: string): ServiceClientConstructor {
  const found = name.split(".").reduce<unknown>((at, part) => (at as GrpcObject)[part], loaded);
  return found as ServiceClientConstructor;
}

function followed(stream: ClientDuplexStream<Message, Message>): ProcessCall {
  const arrived: Message[] = [];
  const waiting: ((message: Message) => void)[] = [];
  stream.on("data", (message: Message) => {
    const first = waiting.shift();
    if (first === undefined) arrived.push(message);
    else first(message);
  });
  stream.on("error", () => undefined);
  const status = new Promise<number>((resolve) => void stream.once("status", ({ code }) => resolve(code)));
  return {
    stream,
    send: (message) => void stream.write(message),
    next: () =>
      new Promise((resolve) => {
        const first = arrived.shift();
        if (first === undefined) waiting.push(resolve);
        else resolve(first);
      }),
    ended: () => status,
  };
}

/** The first step of a call: a chat request by default. */
export function requestHeaders(more: Readonly<Record<string, string>> = {}, body: string | undefined = ""): Message {
  const headers = { ":method": "POST", ":path": "/v1/chat/completions", ":authority": "test", ...more };
  return {
    request_headers: {
      headers: {
        headers: Object.entries(headers).map(([key, value]) => ({ key, raw_value: Buffer.from(value) })),
      },
      end_of_stream: body === undefined,
    },
    protocol_config: { request_body_mode: "FULL_DUPLEX_STREAMED" },
  };
}

/** A piece of the request's body. */
export function requestBody(text: string, endOfStream: boolean): Message {
  return { request_body: { body: Buffer.from(text), end_of_stream: endOfStream } };
}

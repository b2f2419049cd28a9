/** Our own gRPC layer and codec alone, with the same work for each call as the server of grpc-js. */
import { createServer } from "node:http2";
import { immediateFrame, modesFrame } from "../src/ingress/ext-proc/frames.ts";
import { serveGrpc, type GrpcMethod } from "../src/ingress/ext-proc/grpc/call.ts";
import { bodyMode, readStep } from "../src/ingress/ext-proc/step.ts";
import { responseHeaders, responseText } from "./response.ts";

const head = { status: 200, headers: Object.entries(responseHeaders).flat() };
const metadata = [
  ["decision", "simulate"],
  ["rule", "default"],
] as const;

const answerCalls: GrpcMethod = (call) => {
  const pieces: Buffer[] = [];
  return {
    message(bytes) {
      const { kind, body, endOfStream } = readStep(bytes);
      if (kind === "headers") call.send(modesFrame({ requestBody: bodyMode.fullDuplex, responseBody: bodyMode.none }));
      if (kind !== "body") return;
      pieces.push(body);
      if (!endOfStream) return;
      call.send(
        immediateFrame(head, responseText(Buffer.concat(pieces)), { metadata, details: "stuntdouble_simulate" }),
      );
    },
    halfClosed: () => call.end(0),
    drained: () => undefined,
    closed: () => undefined,
  };
};

const methods = new Map([["/envoy.service.ext_proc.v3.ExternalProcessor/Process", answerCalls]]);
const server = createServer({ streamResetBurst: 1_000_000, streamResetRate: 1_000_000 });
server.on("stream", (stream, headers) => serveGrpc(stream, headers, { methods, maxMessageBytes: 1024 * 1024 }));
server.listen(Number(process.argv[2]), "127.0.0.1");

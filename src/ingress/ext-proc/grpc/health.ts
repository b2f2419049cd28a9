import { enums, fields } from "../fields.ts";
import { grpcStatus, type GrpcCall, type GrpcListener, type GrpcMethod } from "./call.ts";
import { ProtoReader, ProtoWriter } from "./protobuf.ts";

/** Responds to health checks of gRPC clients for the whole server and for each service by its name. */
export type Health = {
  /** By path; see `serveGrpc`. */
  readonly methods: readonly (readonly [path: string, method: GrpcMethod])[];
  /** From now on nothing is served, and those who watch are told. */
  down(): void;
  /** Ends the calls of those who watch. */
  end(): void;
};

const { HealthCheckRequest, HealthCheckResponse } = fields;
const { ServingStatus } = enums;

/**
 * Makes the health service.
 *
 * @param services names that are known besides the empty one, which stands for the whole server
 * @see envoy/proto/health.proto
 */
export function createHealth(services: readonly string[]): Health {
  const known = new Set(["", ...services]);
  const watchers = new Set<GrpcCall>();
  let status: number = ServingStatus.SERVING;

  const check: GrpcMethod = (call) =>
    onRequest((service) => {
      if (!known.has(service)) return call.end(grpcStatus.notFound, "There is no such service.");
      call.send(statusFrame(status));
      call.end(grpcStatus.ok);
    });
  const watch: GrpcMethod = (call) =>
    onRequest(
      (service) => {
        call.send(statusFrame(known.has(service) ? status : ServingStatus.SERVICE_UNKNOWN));
        if (known.has(service)) watchers.add(call);
      },
      () => watchers.delete(call),
    );
  return {
    methods: [
      ["/grpc.health.v1.Health/Check", check],
      ["/grpc.health.v1.Health/Watch", watch],
    ],
    down() {
      status = ServingStatus.NOT_SERVING;
      for (const call of watchers) call.send(statusFrame(status));
    },
    end() {
      for (const call of watchers) call.end(grpcStatus.ok);
    },
  };
}

function onRequest(respond: (service: string) => void, closed: () => void = () => undefined): GrpcListener {
  return {
    message(bytes) {
      let service = "";
      const reader = new ProtoReader(bytes);
      while (reader.next()) if (reader.field === HealthCheckRequest.service) service = reader.text();
      respond(service);
    },
    halfClosed: () => undefined,
    drained: () => undefined,
    closed,
  };
}

const writer = new ProtoWriter();

function statusFrame(status: number): Buffer {
  writer.number(HealthCheckResponse.status, status);
  return writer.frame();
}

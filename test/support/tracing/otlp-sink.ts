import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "../node.ts";

type Value = { stringValue?: string; intValue?: number | string; doubleValue?: number; boolValue?: boolean };
type Attribute = { readonly key: string; readonly value: Value };

/** A span as it came, with its attributes by name. */
export type SinkSpan = {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly { readonly name: string; readonly attributes: Readonly<Record<string, unknown>> }[];
  /** Absent where it is linked to none. */
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status: { readonly code?: number };
  readonly resource: Readonly<Record<string, unknown>>;
};

/** A stand-in for an OpenTelemetry collector: it takes OTLP over HTTP in JSON, and keeps it. */
export type OtlpSink = {
  readonly url: string;
  readonly requests: readonly { readonly path: string; readonly headers: IncomingMessage["headers"] }[];
  /** Waits until there are so many. */
  spans(atLeast?: number): Promise<SinkSpan[]>;
  /** What it responds from now on; undefined leaves requests without a response. */
  respond(status: number | undefined): void;
  stop(): Promise<void>;
};

/** Starts the stand-in on a free port. */
export async function startOtlpSink(): Promise<OtlpSink> {
  const spans: SinkSpan[] = [];
  const requests: OtlpSink["requests"][number][] = [];
  let status: number | undefined = 200;
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    requests.push({ path: request.url ?? "", headers: request.headers });
    if (status === undefined) return;
    if (status === 200) spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString("utf8")) as Exported));
    response.writeHead(status, { "content-type": "application/json" }).end("{}");
  };
  const server = createServer((request, response) => void take(request, response).catch(() => response.destroy()));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    spans: (atLeast = 1) => until(`${atLeast} spans`, () => (spans.length >= atLeast ? [...spans] : undefined)),
    respond: (next) => void (status = next),
    async stop() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

type Exported = {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly RawSpan[] }[];
  }[];
};

type RawSpan = Omit<SinkSpan, "attributes" | "events" | "startMs" | "endMs" | "resource"> & {
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly Attribute[];
  readonly events?: readonly { readonly name: string; readonly attributes?: readonly Attribute[] }[];
};

function spansOf({ resourceSpans }: Exported): SinkSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, attributes, events = [], ...span }) => ({
        ...span,
        startMs: Number(BigInt(startTimeUnixNano) / 1_000_000n),
        endMs: Number(BigInt(endTimeUnixNano) / 1_000_000n),
        attributes: byName(attributes),
        events: events.map(({ name, attributes: own = [] }) => ({ name, attributes: byName(own) })),
        resource: byName(resource.attributes),
      })),
    ),
  );
}

function byName(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const { intValue, stringValue, doubleValue, boolValue } = value;
      return [key, intValue === undefined ? (stringValue ?? doubleValue ?? boolValue) : Number(intValue)];
    }),
  );
}

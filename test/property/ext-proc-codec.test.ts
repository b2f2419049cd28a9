import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bodyFrame,
  headersFrame,
  immediateFrame,
  streamedBodyFrame,
  streamedHeadFrame,
} from "../../src/ingress/ext-proc/frames.ts";
import { readStep } from "../../src/ingress/ext-proc/step.ts";
import { ownProtos, type Message } from "../support/ext-proc-client.ts";

const { Process: method } = ownProtos()["envoy.service.ext_proc.v3.ExternalProcessor"] as unknown as {
  Process: { requestSerialize(message: object): Buffer; responseDeserialize(bytes: Buffer): Message };
};
/** What another implementation of protobuf reads in one of our frames. */
const read = (frame: Buffer): Message => {
  expect(frame[0]).toBe(0);
  expect(frame.readUInt32BE(1)).toBe(frame.length - 5);
  return method.responseDeserialize(frame.subarray(5));
};

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const value = fc.stringMatching(/^[\x20-\x7e\xa0-\xff]{0,300}$/);
const headers = fc.array(fc.tuple(name, value), { maxLength: 20 });
const data = fc.oneof(fc.string({ unit: "grapheme", maxLength: 40_000 }), fc.uint8Array({ maxLength: 40_000 }));
const bytesOf = (given: string | Uint8Array): Buffer => Buffer.from(given as Uint8Array);

describe("what we write", () => {
  test("pieces of bodies are read as they were meant", () => {
    fc.assert(
      fc.property(data, fc.boolean(), (body, end) => {
        const expected = { ...(body.length > 0 && { body: bytesOf(body) }), ...(end && { end_of_stream: true }) };
        expect(read(bodyFrame("response", body, end))).toMatchObject({
          response_body: { response: { body_mutation: { streamed_response: expected } } },
        });
        expect(read(streamedBodyFrame(body, end))).toMatchObject({
          streamed_immediate_response: { body_response: expected },
        });
      }),
    );
  });

  test("headers keep their order, their repeats and their bytes", () => {
    fc.assert(
      fc.property(headers, fc.array(name), fc.integer({ min: 100, max: 599 }), (list, remove, status) => {
        const set = list.flat();
        const mutation = { set, remove };
        const frame = headersFrame("request", { mutation, metadata: [["rule", "é"]], reroute: true, modes: undefined });
        const { request_headers: response } = read(frame) as {
          request_headers: { response: { header_mutation: Mutation } };
        };
        const { set_headers: written = [], remove_headers: removed = [] } = response.response.header_mutation;
        expect(written.map(({ header }) => [header.key, latin1(header.raw_value)])).toEqual(list);
        expect(removed).toEqual(remove);
        for (const [index, { append_action: action }] of written.entries()) {
          const isRepeat = list.findIndex(([each]) => each === list[index]![0]) < index;
          expect(action === "OVERWRITE_IF_EXISTS_OR_ADD").toBe(!isRepeat);
        }
        const head = read(streamedHeadFrame({ status, headers: set }, [])) as {
          streamed_immediate_response: { headers_response: { headers: { headers: Header[] } } };
        };
        const all = head.streamed_immediate_response.headers_response.headers.headers;
        expect(all.map(({ key, raw_value: raw }) => [key, latin1(raw)])).toEqual([
          [":status", String(status)],
          ...list,
        ]);
      }),
    );
  });

  test("an immediate response has its status, body and details", () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), data, (status, body) => {
        const response = read(
          immediateFrame({ status, headers: ["a", "b"] }, body, { metadata: [["rule", "default"]], details: "why" }),
        );
        expect(response).toMatchObject({
          immediate_response: {
            status: { code: status },
            details: "why",
            ...(body.length > 0 && { body: bytesOf(body) }),
          },
          dynamic_metadata: {
            fields: { stuntdouble: { struct_value: { fields: { rule: { string_value: "default" } } } } },
          },
        });
      }),
    );
  });
});

describe("what we read", () => {
  test("every step is read as another implementation wrote it", () => {
    const kinds = fc.constantFrom("request_headers", "response_headers");
    fc.assert(
      fc.property(kinds, headers, fc.boolean(), (kind, list, end) => {
        const map = { headers: list.map(([key, each]) => ({ key, raw_value: Buffer.from(each, "latin1") })) };
        const bytes = method.requestSerialize({
          [kind]: { headers: map, end_of_stream: end },
          attributes: { filter: { fields: { "source.address": { string_value: "192.0.2.1:80" } } } },
          protocol_config: { request_body_mode: "FULL_DUPLEX_STREAMED", response_body_mode: "STREAMED" },
        });
        expect(readStep(bytes)).toMatchObject({
          kind: "headers",
          side: kind === "request_headers" ? "request" : "response",
          headers: list.flat(),
          endOfStream: end,
          client: "192.0.2.1:80",
          modes: { requestBody: 4, responseBody: 1 },
        });
      }),
    );
  });

  test("bytes of any kind are a step or a RangeError, and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(readStep(Buffer.from(bytes)).headers.length % 2).toBe(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

type Header = { readonly key: string; readonly raw_value?: Buffer };
type Mutation = {
  readonly set_headers?: { readonly header: Header; readonly append_action?: string }[];
  readonly remove_headers?: string[];
};

function latin1(bytes: Buffer | undefined): string {
  return bytes?.toString("latin1") ?? "";
}

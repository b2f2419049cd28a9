import { describe, expect, test } from "vitest";
import { bodyMode } from "../../../../src/ingress/ext-proc/step.ts";
import { CallModes } from "../../../../src/ingress/ext-proc/modes.ts";

const { none, streamed, buffered, fullDuplex } = bodyMode;
const modes = (requestBody: number, responseBody: number = none, wantsBody = true): CallModes =>
  new CallModes({ requestBody, responseBody }, wantsBody);

describe("the request's body", () => {
  test.each([
    ["STREAMED", streamed, { request: fullDuplex, upgraded: true, streams: true, givesBody: true }],
    ["FULL_DUPLEX_STREAMED", fullDuplex, { request: fullDuplex, upgraded: false, streams: true, givesBody: true }],
    ["BUFFERED", buffered, { request: buffered, upgraded: false, streams: false, givesBody: true }],
    ["NONE", none, { request: none, upgraded: false, streams: true, givesBody: false }],
  ])("%s", (_name, filter, { request, upgraded, streams, givesBody }) => {
    const call = modes(filter);
    expect([call.request, call.upgraded, call.streams, call.givesBody]).toEqual([
      request,
      upgraded,
      streams,
      givesBody,
    ]);
  });

  test("one that matters to nobody is not asked for", () => {
    expect(modes(streamed, none, false)).toMatchObject({ request: none, upgraded: false, streams: false });
    expect(modes(fullDuplex, none, false)).toMatchObject({ request: fullDuplex, upgraded: false });
  });
});

describe("the response's body", () => {
  test.each([
    ["head", none],
    ["read", streamed],
    ["bend", fullDuplex],
  ] as const)("comes as it is needed: %s", (need, expected) => {
    const call = modes(streamed);
    expect(call.settle(need)).toEqual({ requestBody: fullDuplex, responseBody: expected });
    expect(call.response).toBe(expected);
  });

  test("comes as the filter says where one of its modes is a full duplex", () => {
    const call = modes(fullDuplex, streamed);
    expect(call.settle("read")).toBeUndefined();
    expect(call.response).toBe(streamed);
    expect(() => modes(fullDuplex, streamed).settle("bend")).toThrow("response_body_mode to FULL_DUPLEX_STREAMED");
    expect(modes(fullDuplex, fullDuplex).settle("bend")).toBeUndefined();
  });

  test("of a buffered request is settled with its headers, before its decision", () => {
    const call = modes(buffered);
    expect(call.settle("head")).toEqual({ requestBody: buffered, responseBody: none });
    expect(call.settle("read")).toBeUndefined();
    expect(call.response).toBe(none);
    expect(() => call.settle("bend")).toThrow("request_body_mode to STREAMED");
  });
});

import { expect, test } from "vitest";
import { readProxyHeader } from "../../../src/ingress/proxy-protocol.ts";

const request = "GET / HTTP/1.1\r\n";

test.each([
  ["PROXY TCP4 203.0.113.7 10.0.0.1 51234 8080\r\n", "203.0.113.7"],
  ["PROXY TCP6 2001:db8::7 ::1 51234 8080\r\n", "2001:db8::7"],
  ["PROXY UNKNOWN\r\n", undefined],
  ["PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", undefined],
])("version 1: %j names %s", (line, source) => {
  expect(readProxyHeader(Buffer.from(line + request))).toEqual({ kind: "header", length: line.length, source });
  for (let length = 0; length < line.length; length += 1)
    expect(readProxyHeader(Buffer.from(line.slice(0, length)))).toEqual({ kind: "more" });
});

const signature = Buffer.from("0d0a0d0a000d0a515549540a", "hex");

function binary(command: number, family: number, rest: Buffer): Buffer {
  const head = Buffer.from([command, family, rest.length >> 8, rest.length & 255]);
  return Buffer.concat([signature, head, rest]);
}

const ipv4 = Buffer.from([203, 0, 113, 7, 10, 0, 0, 1, 0xc8, 0x22, 0x1f, 0x90]);
const ipv6 = Buffer.from(`20010db8${"0".repeat(22)}07${"0".repeat(31)}1c8221f90`, "hex");
const field = Buffer.from([4, 0, 2, 1, 1]);

test.each([
  ["IPv4", binary(0x21, 0x11, ipv4), "203.0.113.7"],
  ["IPv4 with further fields", binary(0x21, 0x11, Buffer.concat([ipv4, field])), "203.0.113.7"],
  ["IPv6", binary(0x21, 0x21, ipv6), "2001:db8::7"],
  ["the proxy's own check", binary(0x20, 0x00, Buffer.alloc(0)), undefined],
  ["the proxy's own check with addresses", binary(0x20, 0x11, ipv4), undefined],
  ["a UNIX socket", binary(0x21, 0x31, Buffer.alloc(216)), undefined],
  ["no family", binary(0x21, 0x00, Buffer.alloc(0)), undefined],
])("version 2: %s", (_what, header, source) => {
  const bytes = Buffer.concat([header, Buffer.from(request)]);
  expect(readProxyHeader(bytes)).toEqual({ kind: "header", length: header.length, source });
  for (let length = 0; length < header.length; length += 1)
    expect(readProxyHeader(bytes.subarray(0, length))).toEqual({ kind: "more" });
});

test.each([
  ["a request without a header", Buffer.from(request)],
  ["a line without an end", Buffer.from(`PROXY UNKNOWN ${"x".repeat(100)}`)],
  ["a host name for an address", Buffer.from("PROXY TCP4 example.com 10.0.0.1 1 2\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n")],
  ["a port that is none", Buffer.from("PROXY TCP4 203.0.113.7 10.0.0.1 -1 2\r\n")],
  ["version 3", binary(0x31, 0x11, ipv4)],
  ["an unknown command", binary(0x22, 0x11, ipv4)],
  ["an unknown family", binary(0x21, 0x41, ipv4)],
  ["too few bytes for its family", binary(0x21, 0x21, ipv4)],
  ["too many bytes", binary(0x21, 0x11, Buffer.alloc(5000))],
])("%s is refused", (_what, bytes) => {
  expect(readProxyHeader(bytes)).toEqual({ kind: "bad" });
});

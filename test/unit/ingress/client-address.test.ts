import { describe, expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { createSenders } from "../../../src/ingress/client-address.ts";

function clientOf(trustedProxies: readonly string[], peer: string, headers: Record<string, string>): string {
  return createSenders({ trustedProxies, appendForwardedFor: true, addressOf: undefined }).clientOf(peer, headers);
}

const spoofed = { "x-forwarded-for": "1.1.1.1, 203.0.113.7, 10.0.0.2", forwarded: "for=6.6.6.6" };

describe("the client's address", () => {
  test.each([
    ["nobody is trusted: the peer", [], "10.0.0.1", "10.0.0.1"],
    ["the peer is not trusted: the peer", ["10.9.0.0/16"], "10.0.0.1", "10.0.0.1"],
    ["the peer is trusted: the last it names", ["10.0.0.1"], "10.0.0.1", "10.0.0.2"],
    ["all proxies are trusted: the last that is none of them", ["10.0.0.0/8"], "10.0.0.1", "203.0.113.7"],
    ["everyone is trusted: the first", ["0.0.0.0/0"], "10.0.0.1", "1.1.1.1"],
  ])("%s", (_what, trusted, peer, client) => {
    expect(clientOf(trusted, peer, spoofed)).toBe(client);
  });

  test.each([
    ['for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"],
    ["for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"],
    ['proto=https; For="192.0.2.60:8080"', "192.0.2.60"],
    ["for=1.1.1.1, for=192.0.2.60", "192.0.2.60"],
    ["for=unknown", "10.0.0.1"],
    ["for=_hidden", "10.0.0.1"],
    ["by=10.0.0.3", "10.0.0.1"],
  ])("of Forwarded %s is %s", (forwarded, client) => {
    expect(clientOf(["10.0.0.0/8"], "10.0.0.1", { forwarded })).toBe(client);
  });

  test.each([
    ["203.0.113.7:51234", "203.0.113.7"],
    ["2001:db8::7", "2001:db8::7"],
    ["[2001:db8::7]:443", "2001:db8::7"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
    ["1.1.1.1, unknown, 10.0.0.2", "10.0.0.2"],
    ["", "10.0.0.1"],
    ["<script>", "10.0.0.1"],
  ])("of X-Forwarded-For %s is %s", (list, client) => {
    expect(clientOf(["10.0.0.0/8"], "10.0.0.1", { "x-forwarded-for": list })).toBe(client);
  });

  test("a range of IPv6 addresses is understood", () => {
    expect(clientOf(["2001:db8::/32"], "2001:db8::1", { "x-forwarded-for": "203.0.113.7" })).toBe("203.0.113.7");
  });
});

test("an IPv4 peer of a port for both families has its plain address", () => {
  const senders = createSenders({ trustedProxies: [], appendForwardedFor: true, addressOf: undefined });
  expect(senders.peerOf({ remoteAddress: "::ffff:10.0.0.1" })).toBe("10.0.0.1");
});

test.each(["10.0.0.0/33", "10.0.0/8", "example.com", "10.0.0.1/", "::1/129", "10.0.0.1/8/8"])(
  "%s is no address to trust",
  async (range) => {
    await expect(settingsOf({ listen: { trustedProxies: [range] } }, {})).rejects.toThrow(
      /trustedProxies\[0\]: must be an IP/,
    );
  },
);

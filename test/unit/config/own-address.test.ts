import { expect, test } from "vitest";
import { leadsBack } from "../../../src/config/own-address.ts";
import { mistakesIn } from "../../support/config.ts";

test.each([
  ["http://localhost:8080", {}],
  ["http://127.0.0.1:8080/v1", {}],
  ["http://[::1]:8080", { host: "::" }],
  ["http://0.0.0.0:9000", { host: "127.0.0.1", port: 9000 }],
  ["http://localhost:9000", { host: "127.0.0.1", port: 9000 }],
  ["http://127.0.0.1:9000", { host: "localhost", port: 9000 }],
  ["http://10.1.2.3:9000", { host: "10.1.2.3", port: 9000 }],
  ["https://localhost", { port: 443 }],
  ["http://LOCALHOST", { port: 80 }],
])("%s leads back to a node that listens at %j", (url, listen) => {
  expect(leadsBack(url, listen)).toBe(true);
});

test.each([
  ["http://localhost:8081", {}],
  ["http://api.example.com:8080", {}],
  ["http://10.1.2.3:8080", {}],
  ["http://127.0.0.2:9000", { host: "127.0.0.1", port: 9000 }],
  ["http://localhost:9000", { host: "10.1.2.3", port: 9000 }],
  ["https://localhost", { port: 80 }],
  ["http://127.evil.example:8080", {}],
  ["no URL", {}],
  [5, {}],
  ["http://localhost:8080", { host: 5 }],
])("%s is not known to lead back to a node that listens at %j", (url, listen) => {
  expect(leadsBack(url, listen)).toBe(false);
});

test("an upstream that is the node itself is an error of the configuration, at its URL", async () => {
  expect(await mistakesIn('upstreams:\n  me: { url: "http://localhost:8080" }\n')).toEqual([
    ["2:14 upstreams.me.url", "is the traffic port of this node, so calls would loop", undefined],
  ]);
});

import { expect, test } from "vitest";
import { startPage } from "../../../src/cli/start-page.ts";
import { configSchema } from "../../../src/config/schema.ts";

function pageOf(config: object): string[] {
  const parsed = configSchema.parse(config);
  const ports = { trafficPort: 9000, adminPort: 9001, extProcPort: undefined };
  return startPage({ config: parsed, ...ports, file: undefined })
    .trimEnd()
    .split("\n");
}

const upstreams = { provider: { url: "https://api.example.com/base" } };
const request = `-d '{"model":"gpt-4o","messages":[{"role":"user","content":"Say hello"}]}'`;

test("a node without a configuration says where it is, where its dashboard is, and what to try", () => {
  expect(pageOf({ control: { enabled: true } })).toEqual([
    "stuntdouble serves http://0.0.0.0:9000 (admin http://127.0.0.1:9001)",
    "configuration: built in; 0 rules, everything is simulated",
    "dashboard: http://127.0.0.1:9001/",
    `try: curl -s http://127.0.0.1:9000/v1/chat/completions -H 'content-type: application/json' ${request}`,
  ]);
});

test("where traffic goes is told with the origins of upstreams, and no more of their addresses", () => {
  expect(pageOf({ upstreams, default: { serve: "forward" } })[2]).toBe(
    "traffic: everything goes to provider; provider is https://api.example.com",
  );
  expect(pageOf({ upstreams, rules: [{ name: "a", serve: "forward" }] })[2]).toBe(
    "traffic: what no rule matches is simulated; provider is https://api.example.com",
  );
});

test("only the first of many upstreams are told", () => {
  const names = Array.from({ length: 7 }, (_, index) => `provider-${index}`);
  const many = Object.fromEntries(names.map((name) => [name, { url: "https://api.example.com" }]));
  expect(pageOf({ upstreams: many })[2]).toMatch(/provider-4 is https:\/\/api.example.com, and 2 more$/);
});

test("what is to be tried costs nothing where the control header can see to that, else it has a key", () => {
  expect(pageOf({ upstreams, control: { enabled: true } }).at(-1)).toContain("-H 'x-stuntdouble: simulate'");
  expect(pageOf({ upstreams }).at(-1)).toContain('-H "authorization: Bearer $API_KEY"');
  expect(pageOf({ auth: { keys: [{ name: "a", env: "A" }] } }).at(-1)).toContain("Bearer $API_KEY");
});

test("a node that listens on all addresses of IPv6, or on one of them, is told in a form that can be opened", () => {
  expect(pageOf({ listen: { host: "::" } }).at(-1)).toContain("http://127.0.0.1:9000/");
  expect(pageOf({ admin: { host: "::1" } })).toContain("dashboard: http://[::1]:9001/");
});

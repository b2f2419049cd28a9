import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { runIn } from "../../../support/io.ts";
import type { Check } from "../../../../src/cli/doctor/types.ts";

const shipped = readFileSync("plugins/haproxy/haproxy.cfg", "utf8");

/** What the checks of HAProxy say of a file, by their names without the name of the file. */
async function checksOf(text: string): Promise<Check[]> {
  const { out } = await runIn({ "h.cfg": text }, ["doctor", "--haproxy", "h.cfg", "--json"]);
  return (JSON.parse(out) as Check[]).filter(({ name }) => name.startsWith("h.cfg"));
}

test.each(["haproxy.cfg", "haproxy-fail-closed.cfg"])("all is well with plugins/haproxy/%s", async (file) => {
  const checks = await checksOf(readFileSync(`plugins/haproxy/${file}`, "utf8"));
  expect(checks.map(({ result, found }) => (result === "ok" ? result : found))).toEqual(checks.map(() => "ok"));
  expect(checks).toHaveLength(6);
});

test.each([
  [
    "lumps",
    shipped.replace("option http-no-delay", ""),
    "http-no-delay",
    /not set in frontend llm, backend stuntdouble, .*lumps/,
  ],
  [
    "a frontend of its own mind",
    shipped.replace("frontend llm", "frontend llm\n  no option http-no-delay"),
    "http-no-delay",
    /in frontend llm:/,
  ],
  [
    "a short timeout",
    shipped.replace("timeout server 10m", "timeout server 30s"),
    "timeout server",
    /30s in backend stuntdouble/,
  ],
  ["no timeout", shipped.replace("timeout client 10m", ""), "timeout client", /frontend llm has none/],
  [
    "buffering",
    shipped.replace("frontend llm", "frontend llm\n  option http-buffer-request"),
    "buffering",
    /frontend llm waits/,
  ],
  ["compression", shipped.replace("mode http", "mode http\n  compression algo gzip"), "buffering", /compresses/],
  [
    "retries that are paid for",
    shipped.replace("retry-on conn-failure", "retry-on conn-failure 503"),
    "retries",
    /on 503:/,
  ],
  ["no readiness check", shipped.replace("uri /readyz", "uri /"), "health check", /does not ask \/readyz/],
])("%s in a file of HAProxy is found, with what to do", async (_what, text, name, found) => {
  const wrong = (await checksOf(text)).filter(({ result }) => result !== "ok");
  expect(wrong).toEqual([
    {
      name: expect.stringContaining(name),
      result: expect.stringMatching(/warn|fail/),
      found: expect.stringMatching(found),
      next: expect.any(String),
    },
  ]);
});

test("a file of HAProxy that is not there, and one that is none, are failures", async () => {
  expect(await runIn({}, ["doctor", "--haproxy", "none.cfg"])).toMatchObject({
    code: 1,
    out: expect.stringMatching(/^fail {2}none\.cfg .*it cannot be read: ENOENT/m),
  });
  expect(await checksOf("hello\n")).toMatchObject([{ result: "fail", found: "it has no frontend, backend or listen" }]);
});

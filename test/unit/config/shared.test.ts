import { expect, test } from "vitest";
import { settingsOf } from "../../../src/config/load.ts";
import { redisOf } from "../../../src/node/fleet/sharing.ts";

async function problemOf(redis: object, env: Record<string, string> = {}): Promise<string> {
  return await settingsOf({ shared: { redis } }, env).then(
    () => "",
    (error: unknown) => String(error),
  );
}

test.each([
  ["localhost:6379", "must begin with redis:// or rediss://"],
  ["http://example.com", "must begin with redis:// or rediss://"],
  ["redis://", "must be a URL such as redis://redis.example.com:6379/0"],
  ["redis://example.com/cache", "must have no path but the number of a database, such as /0"],
  ["redis://example.com/0?ssl=true", "must not have a query or a fragment"],
  ["redis+sentinel://a:26379/main", "Sentinel is not supported"],
  ["redis-cluster://a:6379", "Redis Cluster is not supported"],
  ["redis://a:6379,b:6379", "Redis Cluster is not supported"],
])("the URL %s is refused with its reason", async (url, reason) => {
  expect(await problemOf({ url })).toContain(reason);
  expect(await problemOf({ urlEnv: "REDIS_URL" }, { REDIS_URL: url })).toContain(reason);
});

test("a wrong URL is never shown, since it may hold a password", async () => {
  expect(await problemOf({ url: "http://user:hunter22@example.com" })).not.toContain("hunter22");
  expect(await problemOf({ urlEnv: "REDIS_URL" }, { REDIS_URL: "http://:hunter22@example.com" })).not.toContain(
    "hunter22",
  );
});

test("there is one URL, in the file or in a variable that is set", async () => {
  expect(await problemOf({})).toContain("must have either url or urlEnv");
  expect(await problemOf({ url: "redis://a", urlEnv: "REDIS_URL" }, { REDIS_URL: "redis://b" })).toContain(
    "must have either",
  );
  expect(await problemOf({ urlEnv: "REDIS_URL" })).toContain("the environment variable REDIS_URL is not set");
});

test("TLS is for rediss alone, and a certificate needs its key", async () => {
  expect(await problemOf({ url: "redis://a", tls: { serverName: "b" } })).toContain("is for rediss:// only");
  expect(await problemOf({ url: "rediss://a", tls: { certFile: "a.pem" } })).toContain(
    "must have both certFile and keyFile",
  );
});

test("a node without the section has no Redis, one with it has the URL of its variable", async () => {
  expect(redisOf(await settingsOf({}, {}))).toBeUndefined();
  const settings = await settingsOf(
    { shared: { redis: { urlEnv: "REDIS_URL" } } },
    { REDIS_URL: "rediss://:pw@a:6380/2" },
  );
  expect(redisOf(settings)).toEqual({ url: "rediss://:pw@a:6380/2", prefix: "stuntdouble", timeoutMs: 50, tls: {} });
});

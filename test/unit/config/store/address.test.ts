import { expect, test } from "vitest";
import { isStoreUrl, storeAddress } from "../../../../src/config/store/address.ts";

const env = { CONSUL_TOKEN: " 3f1c-token \n", EMPTY: "" };
const refused = (url: string): string => {
  try {
    storeAddress(url, env);
  } catch (error) {
    return String(error);
  }
  throw new Error(`${url} is not refused`);
};

test("a path without a slash at its end is one key", () => {
  expect(storeAddress("consul://127.0.0.1:8500/app/stuntdouble.yaml", env)).toEqual({
    kind: "consul",
    origin: "http://127.0.0.1:8500",
    key: "app/stuntdouble.yaml",
    isTree: false,
    main: "stuntdouble.yaml",
    folder: "consul://127.0.0.1:8500/app",
    token: undefined,
    tls: {},
    datacenter: undefined,
    stale: false,
    user: undefined,
  });
});

test("a path with a slash at its end is a tree, whose main file can have another name", () => {
  const usual = storeAddress("consul://c/app/", env);
  expect([usual.key, usual.isTree, usual.main, usual.folder]).toEqual([
    "app/",
    true,
    "stuntdouble.yaml",
    "consul://c:8500/app",
  ]);
  expect(storeAddress("consul://c/app/?file=staging.yaml", env).main).toBe("staging.yaml");
});

test("the token comes from a variable, without the blanks around it", () => {
  expect(storeAddress("consul://c/k?token-env=CONSUL_TOKEN&dc=eu1&stale", env)).toMatchObject({
    token: "3f1c-token",
    datacenter: "eu1",
    stale: true,
  });
});

test.each([
  ["consul://c/k", "http://c:8500"],
  ["consul+https://c/k", "https://c:8501"],
  ["consul://c/k?tls=true", "https://c:8501"],
  ["consul://c:9/k?tls=false", "http://c:9"],
  ["consul://[::1]:8500/k", "http://[::1]:8500"],
  ["etcd://c/k", "http://c:2379"],
  ["etcd+https://c:1/k", "https://c:1"],
])("%s is asked at %s", (url, origin) => {
  expect(storeAddress(url, env).origin).toBe(origin);
});

test.each([
  ["consol://c/k", /unknown scheme consol:\/\/ Allowed: consul:\/\/, consul\+https:\/\//],
  ["consul://c", /names no key/],
  ["consul://c/", /names no key/],
  ["consul:///k", /names no host/],
  ["consul://c//k", /must not begin with \//],
  ["consul://c:port/k", /is not a URL/],
  ["consul://c/%zz", /% that encodes no character/],
  ["consul://c/k?tokenenv=X", /unknown parameter tokenenv\. Did you mean token-env\? Allowed: token-env, dc/],
  ["consul://c/k?dc=a&dc=b", /dc is given twice/],
  ["consul://c/k?stale=maybe", /stale must be true or false/],
  ["consul://c/k?file=x", /file is for a tree/],
  ["consul://c/k?ca-file=ca.pem", /are for TLS; add tls=true/],
  ["consul://c/k?tls&cert-file=c.pem", /cert-file and key-file go together/],
  ["consul://c/k?token-env=NOT_THERE", /names an environment variable in token-env, and NOT_THERE is not set/],
  ["consul://c/k?token-env=EMPTY", /in token-env, and EMPTY is empty/],
  ["consul://c/k#x", /must not have a fragment/],
  ["etcd://c/k?user=root", /user and password-env go together/],
  ["etcd://c/k?dc=eu1", /unknown parameter dc/],
])("%s is refused", (url, reason) => {
  expect(refused(url)).toMatch(reason);
});

test.each([
  "consul://user:s3cr3t-token@c/k",
  "consul://s3cr3t-token@c/k",
  "consul://c/k?token-env=s3cr3t-token",
  "consul://c/k?token=s3cr3t-token",
])("%s is refused without a word of the secret in it", (url) => {
  expect(refused(url)).not.toContain("s3cr3t");
});

test("only what has a scheme is a URL", () => {
  const names = ["stuntdouble.yaml", "./a:b/c.yaml", "C:\\a.yaml", "consul://c/k", "consol://c/k"];
  expect(names.map(isStoreUrl)).toEqual([false, false, false, true, true]);
});

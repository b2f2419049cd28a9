import { describe, expect, test } from "vitest";
import { isProxyUrl, proxyFromEnvironment } from "../../../src/config/proxy.ts";

const proxy = "http://proxy.example:3128";
const https = "https://api.example.com";

describe("the proxy of the environment", () => {
  test.each([
    [https, { HTTPS_PROXY: proxy }, proxy],
    [https, { https_proxy: proxy, HTTPS_PROXY: "http://other:1" }, proxy],
    [https, { HTTP_PROXY: proxy }, undefined],
    ["http://api.example.com", { HTTP_PROXY: proxy }, proxy],
    ["http://api.example.com", { http_proxy: "proxy.example:3128" }, proxy],
    ["http://api.example.com", { HTTPS_PROXY: proxy }, undefined],
    [https, { HTTPS_PROXY: "  " }, undefined],
    [https, {}, undefined],
  ])("of %s with %o is %s", (url, env, expected) => {
    expect(proxyFromEnvironment(url, env)).toEqual({ proxyUrl: expected });
  });

  test.each(["ftp://proxy", "not a host:1", "http://proxy/path"])("that is no URL of one is told: %s", (value) => {
    expect(proxyFromEnvironment(https, { HTTPS_PROXY: value })).toEqual({ proxyUrl: undefined, wrong: "HTTPS_PROXY" });
  });
});

describe("NO_PROXY", () => {
  test.each([
    ["api.example.com", https, true],
    ["API.Example.com", https, true],
    ["example.com", https, true],
    [".example.com", https, true],
    ["*.example.com", https, true],
    ["*.example.com", "https://example.com", false],
    ["ample.com", https, false],
    ["*", https, true],
    ["other.com, example.com", https, true],
    ["other.com example.com", https, true],
    ["example.com:443", https, true],
    ["example.com:8443", https, false],
    ["example.com:8443", "https://api.example.com:8443", true],
    ["example.com.", "https://api.example.com.", true],
    ["10.0.0.0/8", "https://10.1.2.3", true],
    ["10.0.0.0/8", "https://11.1.2.3", false],
    ["10.1.2.3", "https://10.1.2.3", true],
    ["2.3", "https://10.1.2.3", false],
    ["::1", "https://[::1]:8443", true],
    ["[::1]:8443", "https://[::1]:8443", true],
    ["fd00::/8", "https://[fd00::1]", true],
    ["10.0.0.0/99", "https://10.1.2.3", false],
    ["", https, false],
  ])("%s and %s: reached directly is %s", (entry, url, isDirect) => {
    const { proxyUrl } = proxyFromEnvironment(url, { HTTPS_PROXY: proxy, NO_PROXY: entry });
    expect(proxyUrl === undefined).toBe(isDirect);
  });

  test("in small letters comes first", () => {
    const env = { HTTPS_PROXY: proxy, no_proxy: "example.com", NO_PROXY: "other.com" };
    expect(proxyFromEnvironment(https, env).proxyUrl).toBeUndefined();
  });
});

test.each([
  [proxy, true],
  ["https://user:pass@proxy.example", true],
  ["socks5://proxy.example", false],
  ["http://proxy.example/?a", false],
  ["proxy.example", false],
])("%s is the URL of an HTTP proxy: %s", (text, expected) => {
  expect(isProxyUrl(text)).toBe(expected);
});

import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { requestHeaders, requestTarget, responseHeaders, type Forwarding } from "../../../src/act/headers.ts";

/** Forwards everything it may. */
const open: Forwarding = {
  controlHeader: "x-stuntdouble",
  credential: undefined,
  dropCredentials: false,
  requestId: "req-1",
  pseudonym: "node-1",
  plain: false,
};
const added = ["x-request-id", "req-1", "via", "1.1 node-1"];

function forwarded(raw: readonly string[], changes: Partial<Forwarding> = {}): string[] {
  return requestHeaders(raw, { ...open, ...changes });
}

const ofTheConnection = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
];

describe.each([
  ["request", (raw: readonly string[]) => forwarded(raw).slice(0, -added.length)],
  ["response", (raw: readonly string[]) => responseHeaders(raw, true)],
])("headers of either direction: %s", (_, pass) => {
  test("order, spelling and repeats are kept", () => {
    const raw = ["X-B", "1", "x-a", "2", "Set-Cookie", "a=1", "X-B", "3", "set-cookie", "b=2", "Content-Length", "7"];
    expect(pass(raw)).toEqual(raw);
  });

  test.each(ofTheConnection)("%s ends at this hop, however it is spelt", (name) => {
    expect(pass(["a", "1", name, "x", name.toLowerCase(), "y", name.toUpperCase(), "z", "b", "2"])).toEqual([
      "a",
      "1",
      "b",
      "2",
    ]);
  });

  test("fields that Connection names end at this hop, before and after it", () => {
    const raw = ["X-Hop", "1", "Connection", "close, X-Hop ,x-other", "X-OTHER", "2", "X-Kept", "3"];
    expect(pass(raw)).toEqual(["X-Kept", "3"]);
  });

  test("fields that a second Connection field names end at this hop too", () => {
    const raw = [
      "Connection",
      "keep-alive",
      "X-Hop",
      "1",
      "connection",
      "X-Hop",
      "CONNECTION",
      "x-more",
      "X-More",
      "2",
    ];
    expect(pass([...raw, "X-Kept", "3"])).toEqual(["X-Kept", "3"]);
  });
});

describe("headers for the upstream", () => {
  test.each(["Host", "Expect", ":authority", ":path", ":method"])("%s is left to the request itself", (name) => {
    expect(forwarded([name, "x", "Accept", "*/*"]).slice(0, 4)).toEqual(["Accept", "*/*", "x-request-id", "req-1"]);
  });

  test("this node is named behind those that forwarded the request before it, with the protocol it came by", () => {
    expect(forwarded(["Via", "1.0 first"])).toEqual(["Via", "1.0 first", ...added]);
    expect(forwarded([":method", "GET", "Accept", "*/*"]).slice(-2)).toEqual(["via", "2 node-1"]);
  });

  test("the control header never leaves, by whatever name it is configured", () => {
    expect(forwarded(["X-Stuntdouble", "simulate"])).toEqual(added);
    expect(forwarded(["X-Test-Control", "simulate"], { controlHeader: "x-test-control" })).toEqual(added);
  });

  test("the request id takes the place of the client's, however often it sent one", () => {
    expect(forwarded(["X-Request-Id", "one", "x-request-id", "two"])).toEqual(added);
  });

  test("the client's key is passed on where it is not ours to check and none is configured", () => {
    const raw = ["Authorization", "Bearer client", "x-api-key", "client", "Api-Key", "client"];
    expect(forwarded(raw)).toEqual([...raw, ...added]);
  });

  test("the configured key takes the place of every key of the client", () => {
    const raw = ["AUTHORIZATION", "Bearer client", "X-Api-Key", "client", "api-key", "client", "accept", "*/*"];
    const credential = ["x-api-key", "sk-ours"] as const;
    expect(forwarded(raw, { credential })).toEqual(["accept", "*/*", ...added, ...credential]);
  });

  test("keys that are ours to check are dropped, and nothing takes their place without a configured key", () => {
    const raw = ["Authorization", "Bearer client", "X-Api-Key", "client", "Api-Key", "client"];
    expect(forwarded(raw, { dropCredentials: true })).toEqual(added);
  });

  test("a response that must be read is asked for uncompressed; any other as the client asked", () => {
    const raw = ["Accept-Encoding", "gzip, br"];
    expect(forwarded(raw, { plain: true })).toEqual([...added, "accept-encoding", "identity"]);
    expect(forwarded(raw)).toEqual([...raw, ...added]);
  });
});

describe("headers for the client", () => {
  test("the length is kept, or dropped where a fault may change it", () => {
    const raw = ["Content-Type", "application/json", "Content-Length", "12"];
    expect(responseHeaders(raw, true)).toEqual(raw);
    expect(responseHeaders(raw, false)).toEqual(["Content-Type", "application/json"]);
  });

  test("what another sidecar said of its own decision is dropped", () => {
    const raw = ["X-Stuntdouble-Decision", "simulate", "x-stuntdouble-rule", "a", "x-stuntdoubles", "kept"];
    expect(responseHeaders(raw, true)).toEqual(["x-stuntdoubles", "kept"]);
  });
});

describe("the target of a forwarded request", () => {
  const target = "/v1beta/models?key=secret&alt=sse";

  test("is the client's where its credentials are passed on, or its API has no keys in queries", () => {
    expect(requestTarget(target, "key", open)).toBe(target);
    expect(requestTarget(target, undefined, { ...open, dropCredentials: true })).toBe(target);
  });

  test.each([{ dropCredentials: true }, { credential: ["x-goog-api-key", "own"] as const }])(
    "has no key with %j",
    (changes) => {
      expect(requestTarget(target, "key", { ...open, ...changes })).toBe("/v1beta/models?alt=sse");
    },
  );
});

test.each([
  ["neither", {}, { "x-forwarded-for": "10.0.0.9", forwarded: "for=10.0.0.9" }],
  ["X-Forwarded-For alone", { "x-forwarded-for": "1.1.1.1" }, { "x-forwarded-for": "1.1.1.1, 10.0.0.9" }],
  [
    "Forwarded alone",
    { forwarded: "for=1.1.1.1" },
    { "x-forwarded-for": "10.0.0.9", forwarded: "for=1.1.1.1, for=10.0.0.9" },
  ],
  [
    "both",
    { "x-forwarded-for": "1.1.1.1, 2.2.2.2", forwarded: "for=1.1.1.1" },
    { "x-forwarded-for": "1.1.1.1, 2.2.2.2, 10.0.0.9", forwarded: "for=1.1.1.1, for=10.0.0.9" },
  ],
])("the peer is appended to a request that names its senders by %s", async (_what, headers, expected) => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers, peer: "10.0.0.9" });
  const { header, outgoing } = call.upstream();
  expect({ "x-forwarded-for": header("x-forwarded-for"), forwarded: header("forwarded") }).toEqual({
    forwarded: undefined,
    ...expected,
  });
  const names = outgoing.headers.filter((_part, index) => index % 2 === 0);
  expect(new Set(names).size).toBe(names.length);
  call.upstream().json(200, {});
});

test("an IPv6 address is quoted in Forwarded", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ peer: "2001:db8::1" });
  expect(call.upstream().header("forwarded")).toBe('for="[2001:db8::1]"');
  call.upstream().json(200, {});
});

test("where no peer is told, the headers go on as they came", async () => {
  const act = await setUpAct(forwarding);
  const call = act.serve({ headers: { "x-forwarded-for": "1.1.1.1" } });
  expect(call.upstream().header("x-forwarded-for")).toBe("1.1.1.1");
  expect(call.upstream().header("forwarded")).toBeUndefined();
  call.upstream().json(200, {});
});

import { describe, expect, test } from "vitest";
import { forwarding, setUpAct } from "../../support/act.ts";
import { streamHead, tokenEvent } from "../../support/fake-upstream.ts";
import { chat } from "../../support/request.ts";

const done = "data: [DONE]\n\n";

describe("the request", () => {
  test("goes on with its method, target, body and headers as they came", async () => {
    const act = await setUpAct(forwarding);
    const body = '{ "model": "any",  "messages": [{"role":"user","content":"Grüße"}] }';
    const call = act.serve({ path: "/v1/chat/completions?a=1", body, headers: { "x-mine": "1", te: "trailers" } });
    const { outgoing, text, header } = call.upstream();
    expect(outgoing).toMatchObject({ method: "POST", target: "/v1/chat/completions?a=1" });
    expect(text()).toBe(body);
    expect(header("x-mine")).toBe("1");
    expect(header("te")).toBe("trailers");
    call.upstream().json(200, {});
  });

  test("says who has forwarded it, and by which name the call is known", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    expect(call.upstream().header("via")).toBe(`1.1 ${act.deps.pseudonym}`);
    expect(call.upstream().header("x-request-id")).toBe(call.request.id);
    call.upstream().json(200, {});
  });

  test("carries the upstream's key instead of the caller's", async () => {
    const upstreams = { openai: { url: "https://api.example.com", apiKeyEnv: "KEY" } };
    const act = await setUpAct({ ...forwarding, upstreams }, { env: { KEY: "sk-ours" } });
    const call = act.serve({ headers: { authorization: "Bearer sk-theirs" } });
    expect(call.upstream().header("authorization")).toBe("Bearer sk-ours");
    call.upstream().json(200, {});
  });

  test("does not carry the control header", async () => {
    const act = await setUpAct({ ...forwarding, control: { enabled: true } });
    const call = act.serve({ headers: { "x-stuntdouble": "seed=1" } });
    expect(call.upstream().header("x-stuntdouble")).toBeUndefined();
    call.upstream().json(200, {});
  });

  test("of an unknown path goes to the first upstream, even where calls are simulated", async () => {
    const act = await setUpAct({ ...forwarding, default: { serve: "simulate" } });
    const call = act.serve({ method: "GET", path: "/v1/files", body: undefined });
    call.upstream().json(200, { data: [] });
    expect(call.reply.text()).toBe('{"data":[]}');
    expect(call.outcome()).toMatchObject({ mode: "real", upstream: "openai", operation: undefined });
  });
});

describe("the response", () => {
  test("passes unchanged, piece by piece as it comes", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ body: chat({ stream: true }) });
    const upstream = call.upstream();
    await act.advance(100);
    upstream.head(200, streamHead);
    await act.advance(50);
    upstream.data(tokenEvent("Grüße"));
    await act.advance(50);
    upstream.data(done);
    upstream.end();
    expect(call.log()).toEqual(["100 head 200", "150 write", "200 write", "200 end"]);
    expect(call.reply.text()).toBe(tokenEvent("Grüße") + done);
    expect(call.outcome()).toMatchObject({ mode: "real", upstream: "openai", status: 200, ending: "finish" });
  });

  test("passes byte for byte where it is cut inside a character and is no stream that is known", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    const bytes = Buffer.from([0, 0xff, 0xe2, 0x82]);
    call.upstream().head(200, { "content-type": "application/octet-stream", "content-encoding": "gzip" });
    call.upstream().data(bytes);
    call.upstream().end();
    expect(call.reply.sent[1]).toEqual([0, "write", bytes]);
  });

  test("keeps its headers, but for those of its connection", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    call.upstream().head(200, { "x-theirs": "1", "content-length": "2", connection: "x-hop", "x-hop": "1" });
    call.upstream().data("{}");
    call.upstream().end();
    expect(call.reply.header("x-theirs")).toBe("1");
    expect(call.reply.header("content-length")).toBe("2");
    expect(call.reply.header("x-hop")).toBeUndefined();
  });

  test("says what was decided, and by which rule", async () => {
    const act = await setUpAct({ ...forwarding, rules: [{ name: "all", serve: "forward" }] });
    const call = act.serve();
    call.upstream().json(200, {});
    expect(call.reply.header("x-stuntdouble-decision")).toBe("forward");
    expect(call.reply.header("x-stuntdouble-rule")).toBe("all");
    expect(call.reply.header("x-request-id")).toBe(call.request.id);
  });

  test("of an upstream that refuses is passed on as it is", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    call.upstream().json(429, { error: "slow down" });
    expect(call.reply.status()).toBe(429);
    expect(call.reply.text()).toBe('{"error":"slow down"}');
    expect(call.outcome()).toMatchObject({ mode: "real", status: 429, cause: undefined });
  });

  test("tells the outcome its tokens: those of the usage, or those that were seen", async () => {
    const act = await setUpAct(forwarding);
    const whole = act.serve();
    whole.upstream().json(200, { usage: { completion_tokens: 7 } });
    const stream = act.serve({ body: chat({ stream: true }) });
    stream.upstream().head(200, streamHead);
    await act.advance(20);
    stream.upstream().data(tokenEvent("a"));
    await act.advance(10);
    stream.upstream().data(tokenEvent("b") + done);
    stream.upstream().end();
    expect(whole.outcome().actual.tokens).toBe(7);
    expect(stream.outcome().actual).toEqual({ ttftMs: 20, totalMs: 30, tokens: 2, atMs: [20, 30] });
  });
});

describe("an upstream that fails", () => {
  test("before its head gives an error in the caller's dialect", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve();
    await act.advance(30);
    call.upstream().failed("UPSTREAM_CONNECT", "Nobody is there.");
    expect(call.log()).toEqual(["30 whole 502"]);
    expect(JSON.parse(call.reply.text())).toMatchObject({ error: { message: "Nobody is there." } });
    expect(call.reply.header("x-stuntdouble-decision")).toBe("error");
    expect(call.outcome()).toMatchObject({ mode: "own", status: 502, cause: "UPSTREAM_CONNECT", upstream: "openai" });
  });

  test("in the middle resets the connection, so that nobody takes the response for whole", async () => {
    const act = await setUpAct(forwarding);
    const call = act.serve({ body: chat({ stream: true }) });
    call.upstream().head(200, streamHead);
    call.upstream().data(tokenEvent("a"));
    await act.advance(30);
    call.upstream().failed("UPSTREAM_RESET");
    expect(call.log()).toEqual(["0 head 200", "0 write", "30 reset"]);
    expect(call.outcome()).toMatchObject({ mode: "real", status: 200, ending: "reset", cause: "UPSTREAM_RESET" });
  });
});

import type { IncomingMessage } from "node:http";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Request } from "../../src/act/types.ts";
import { arrivalOf } from "../../src/node/explain/arrival.ts";
import { forecast, type Forecast } from "../../src/node/explain/forecast.ts";
import { parseRequest } from "../../src/node/explain/request-file.ts";
import { givenId } from "../../src/ingress/http/request.ts";
import { createActHarness } from "../support/act.ts";
import { anyConfig, anyWrittenRequest, token, type WrittenRequest } from "../support/any-call.ts";
import { servePort, type Reached } from "../support/served-port.ts";
import type { ConfigObject } from "../support/settings.ts";
import { startUpstream, type ScriptedUpstream } from "../support/upstream.ts";

/** What both sides say of one request; what cannot be said of it is undefined. */
type Said = {
  /** That of a response that is not the upstream's. */
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string | undefined;
  /** Decision, rule, seed and faults, as the headers of the response name them. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly upstream: string | undefined;
  /** The profile of the simulated response, or of the one that the upstream's is compared with. */
  readonly profile: string | undefined;
};

/** What `stuntdouble explain` tells. The only place that knows the form of a forecast. */
function toldBy({ happens, response }: Forecast): Said {
  const text = happens.join("\n");
  const { status, code, headers } = response;
  const [, message] = /^respond \d+ [A-Z_]+: (.*)$/su.exec(text) ?? [];
  const [, upstream] = /^(?:forward to|open a WebSocket at) upstream (\S+)/u.exec(text) ?? [];
  const [, profile] = /with profile (\S+)$/mu.exec(text) ?? [];
  return { status, code, message, headers, upstream, profile };
}

/** What the server did; the text of a refusal is in `message`, whatever stands around it. */
function doneBy(reached: Reached): Said {
  if (reached.call === undefined) return doneOnSocket(reached);
  const { reply, asked, outcome } = reached.call;
  const { profile, status, cause } = outcome();
  return {
    status: reply.status() === 0 || status === fromUpstream ? undefined : status,
    code: cause,
    message: cause === undefined ? undefined : reply.text(),
    headers: decisionHeaders((name) => reply.header(name)),
    upstream: asked[0]?.upstream,
    profile: cause === undefined ? profile : undefined,
  };
}

/** A WebSocket, or what is no HTTP: of that nothing is recorded. */
function doneOnSocket({ response, outcome }: Extract<Reached, { call: undefined }>): Said {
  const { status, headers, body } = response;
  const upstream = headers["x-upstream"];
  const code = outcome === undefined ? "BODY_INVALID" : outcome.cause;
  return {
    status: status === 0 || upstream !== undefined ? undefined : status,
    code,
    message: code === undefined ? undefined : body,
    headers: decisionHeaders((name) => headers[name]),
    upstream,
    profile: undefined,
  };
}

function decisionHeaders(header: (name: string) => string | undefined): Record<string, string> {
  const names = ["decision", "rule", "seed", "fault"].map((each) => `x-stuntdouble-${each}`);
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = header(name);
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

/** No response of ours has this status. */
const fromUpstream = 203;
/** The id that both sides give to a request without one, so that percentages fall alike. */
const id = "explain";
const longerThanAnyResponseMs = 24 * 60 * 60 * 1000;

/** Takes WebSockets, or refuses them, and says which of the upstreams that share it was asked. */
let sockets: ScriptedUpstream;
beforeAll(async () => {
  const nameOf = ({ url }: IncomingMessage): string => /^\/([a-z]+)\//.exec(url ?? "")?.[1] ?? "";
  sockets = await startUpstream(
    (response, { target }) => {
      response.writeHead(fromUpstream, { "x-upstream": /^\/([a-z]+)\//.exec(target)?.[1] ?? "" }).end();
    },
    {
      onUpgrade(request, socket) {
        const name = nameOf(request);
        socket.on("error", () => undefined).on("end", () => socket.end());
        const refused = request.url?.includes("models") === true;
        if (refused)
          socket.end(`HTTP/1.1 200 OK\r\nx-upstream: ${name}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        else
          socket.write(
            `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nx-upstream: ${name}\r\n\r\n`,
          );
      },
    },
  );
});
afterAll(() => sockets.stop());

/** The request file of a request. Its body stands there as it is, or as a string, where it is no JSON. */
function fileOf({ method, target, headers, body, coding }: WrittenRequest): Buffer {
  const members = [`"method":${JSON.stringify(method)}`, `"path":${JSON.stringify(target)}`];
  members.push(`"headers":${JSON.stringify(headers)}`);
  if (body !== undefined && coding !== undefined)
    members.push(`"bodyBase64":"${encoded(body, coding).toString("base64")}"`);
  else if (body !== undefined) members.push(`"body":${isJson(body) ? body : JSON.stringify(body)}`);
  return Buffer.from(`{${members.join(",")}}`);
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) !== "string" && text === text.trim();
  } catch {
    return false;
  }
}

function encoded(body: string, coding: WrittenRequest["coding"]): Buffer {
  const bytes = Buffer.from(body);
  return coding === undefined ? bytes : coding === "gzip" ? gzipSync(bytes) : zstdCompressSync(bytes);
}

/** The bytes that a client sends. */
function bytesOf({ method, target, headers, body, coding }: WrittenRequest): Buffer {
  const names = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const chunked = names.has("transfer-encoding");
  const lines = [`${method} ${target} HTTP/1.1`, ...(names.has("host") ? [] : ["host: localhost"])];
  for (const [name, values] of Object.entries(headers))
    for (const value of [values].flat()) lines.push(`${name}: ${value}`);
  const bytes = encoded(body ?? "", coding);
  if (body !== undefined && !chunked && !names.has("content-length")) lines.push(`content-length: ${bytes.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  if (!chunked) return Buffer.concat([head, bytes]);
  const size = bytes.length === 0 ? "" : `${bytes.length.toString(16)}\r\n`;
  return Buffer.concat([head, Buffer.from(size), bytes, Buffer.from(`${size === "" ? "" : "\r\n"}0\r\n\r\n`)]);
}

/** What is told of requests, and what is done with them, each in turn. */
async function bothSides(config: ConfigObject, requests: readonly WrittenRequest[]) {
  const names = Object.keys((config["upstreams"] as object | undefined) ?? {});
  const upstreams = Object.fromEntries(names.map((name) => [name, { url: `${sockets.url}/${name}` }]));
  const act = await createActHarness(
    { ...config, upstreams },
    { env: { TOKEN: token }, respond: (upstream) => upstream.json(fromUpstream, {}) },
  );
  const { snapshot } = act.deps.runtime();
  const named = (request: Request): Request => ({ ...request, id: givenId(request.headers["x-request-id"]) ?? id });
  const port = await servePort(act, named);
  const told: Said[] = [];
  const done: Said[] = [];
  for (const request of requests) {
    const described = parseRequest("request.json", fileOf(request));
    const expected = toldBy(forecast(described, await arrivalOf(described, snapshot), { snapshot, experiments: [] }));
    const reached = await port.send(bytesOf(request));
    await act.advance();
    act.clock.advance(longerThanAnyResponseMs);
    reached.call?.reply.leave();
    const seen = doneBy(reached);
    told.push(comparable(expected));
    done.push(comparable({ ...seen, message: sameMessage(expected, seen) }));
  }
  port.close();
  await act.close();
  return { told, done };
}

/** Of keys some providers speak in words of their own. */
function comparable(said: Said): Said {
  return said.code === "UNAUTHENTICATED" ? { ...said, message: undefined } : said;
}

/** The message that was told, where it stands in what was sent; else all that was sent. */
function sameMessage({ message }: Said, seen: Said): string | undefined {
  const sent = message !== undefined && seen.message?.includes(JSON.stringify(message).slice(1, -1));
  return sent === true ? message : seen.message;
}

const limited = { rules: [{ name: "limited", serve: "simulate", faults: [{ kind: "status", status: 429 }] }] };

function post(target: string, body: object): WrittenRequest {
  return { method: "POST", target, headers: {}, body: JSON.stringify(body) };
}

test("explain tells of a fault that responds to a body that could not be simulated", async () => {
  const { told, done } = await bothSides(limited, [post("/v1/chat/completions", { model: "steady" })]);
  expect(done).toEqual(told);
});

test("explain tells of a fault that responds on a path that could not be simulated", async () => {
  const { told, done } = await bothSides(limited, [post("/v1/audio/speech", {})]);
  expect(done).toEqual(told);
});

test.each([
  ["of another coding", { "content-encoding": "gzip" }],
  ["of a coding that nobody knows", { "content-encoding": "lzma" }],
])("explain tells that a body %s is forwarded", async (_name, headers) => {
  const config = { upstreams: { one: {} }, default: { serve: "forward" } };
  const { told, done } = await bothSides(config, [
    { method: "POST", target: "/v1/chat/completions", headers, body: '{"model":"steady"}' },
  ]);
  expect(done).toEqual(told);
  expect(done[0]?.upstream).toBe("one");
});

test("explain tells what the server does", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyConfig, fc.array(anyWrittenRequest, { minLength: 1, maxLength: 6 }), async (config, list) => {
      const { told, done } = await bothSides(config, list);
      expect(done).toEqual(told);
    }),
    { numRuns: 50 },
  );
});

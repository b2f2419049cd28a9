import * as fc from "fast-check";
import { expect, test } from "vitest";
import { forecast, type Forecast } from "../../src/cli/forecast.ts";
import type { DescribedRequest } from "../../src/cli/request-file.ts";
import { anyConfig, anyRequest, token } from "../support/any-call.ts";
import { createActHarness, type ActHarness, type ServedCall } from "../support/act.ts";
import type { RequestWishes } from "../support/request.ts";
import type { ConfigObject } from "../support/settings.ts";

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
  const [, upstream] = /^forward to upstream (\S+)/u.exec(text) ?? [];
  const [, profile] = /with profile (\S+)$/mu.exec(text) ?? [];
  return { status, code, message, headers, upstream, profile };
}

/** What the server did; the text of a refusal is in `message`, whatever stands around it. */
function doneBy(call: ServedCall): Said {
  const { reply } = call;
  const { profile, status, cause } = call.outcome();
  const names = ["decision", "rule", "seed", "fault"].map((each) => `x-stuntdouble-${each}`);
  const headers = names.flatMap((name) => {
    const value = reply.header(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    status: reply.header("x-stuntdouble-decision") === "forward" ? undefined : status,
    code: cause,
    message: cause === undefined ? undefined : reply.text(),
    headers: Object.fromEntries(headers),
    upstream: call.asked[0]?.upstream,
    profile: cause === undefined ? profile : undefined,
  };
}

/** The id that both sides give to a request without one, so that percentages fall alike. */
const id = "explain";
const longerThanAnyResponseMs = 24 * 60 * 60 * 1000;

async function serve(act: ActHarness, wishes: RequestWishes): Promise<ServedCall> {
  const call = act.serve({ ...wishes, id });
  await act.advance();
  act.clock.advance(longerThanAnyResponseMs);
  call.reply.leave();
  return call;
}

function described({ request }: ServedCall, { body }: RequestWishes): DescribedRequest {
  const { method, target, route, headers } = request;
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return { method, target, route, headers, body: { bytes: Buffer.from(text), text: () => text } };
}

/** What is told of requests, and what is done with them, each in turn. */
async function bothSides(config: ConfigObject, requests: readonly RequestWishes[]) {
  const env = { TOKEN: token };
  const act = await createActHarness(config, { env, respond: (upstream) => upstream.json(200, {}) });
  const told: Said[] = [];
  const done: Said[] = [];
  for (const wishes of requests) {
    const call = await serve(act, wishes);
    const expected = toldBy(forecast(described(call, wishes), act.deps.runtime().snapshot));
    const seen = doneBy(call);
    told.push(comparable(expected, call));
    done.push(comparable({ ...seen, message: sameMessage(expected, seen) }, call));
  }
  await act.close();
  return { told, done };
}

/** A response that breaks off before its head has no headers to look at, and of keys some providers speak in words of their own. */
function comparable(said: Said, { reply }: ServedCall): Said {
  const message = said.code === "UNAUTHENTICATED" ? undefined : said.message;
  if (reply.status() > 0) return { ...said, message };
  return { ...said, message, status: undefined, headers: undefined };
}

/** The message that was told, where it stands in what was sent; else all that was sent. */
function sameMessage({ message }: Said, seen: Said): string | undefined {
  const sent = message !== undefined && seen.message?.includes(JSON.stringify(message).slice(1, -1));
  return sent === true ? message : seen.message;
}

const limited = { rules: [{ name: "limited", serve: "simulate", faults: [{ kind: "status", status: 429 }] }] };

test("explain tells of a fault that responds to a body that could not be simulated", async () => {
  const { told, done } = await bothSides(limited, [{ body: { model: "steady" } }]);
  expect(done).toEqual(told);
});

test("explain tells of a fault that responds on a path that could not be simulated", async () => {
  const { told, done } = await bothSides(limited, [{ path: "/v1/audio/speech" }]);
  expect(done).toEqual(told);
});

test("explain tells what the server does", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyConfig, fc.array(anyRequest, { minLength: 1, maxLength: 6 }), async (config, list) => {
      const { told, done } = await bothSides(config, list);
      expect(done).toEqual(told);
    }),
    { numRuns: 50 },
  );
});

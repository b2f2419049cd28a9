import { afterAll, beforeAll, expect, test } from "vitest";
import { startNode, type Node } from "../../support/node.ts";
import { json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

let upstream: ScriptedUpstream;
let node: Node;
let made = 0;
beforeAll(async () => {
  const known = new Set<string>();
  upstream = await startUpstream((response, received) => {
    const { previous_response_id: previous } = JSON.parse(received.body().toString() || "{}") as Record<string, string>;
    const asked = previous ?? /\/responses\/([^/]+)/.exec(received.target)?.[1];
    if (asked !== undefined && !known.has(asked))
      return json({ error: { message: asked } }, { status: 404 })(response, received);
    made += 1;
    known.add(`resp_real${made}`);
    return json({ id: `resp_real${made}`, object: "response" })(response, received);
  });
  node = await startNode(
    {
      upstreams: { openai: { url: upstream.url } },
      rules: [{ name: "half", match: { percentage: 50 }, serve: "simulate", profile: "instant" }],
      default: { serve: "forward" },
    },
    { workers: 2 },
  );
}, 60_000);
afterAll(async () => {
  await node.stop();
  await upstream.stop();
});

/** @returns the decision, and the id of the response */
async function ask(path: string, body?: object): Promise<{ status: number; decision: string | null; id: string }> {
  const answer = await fetch(`${node.url}/v1/responses${path}`, {
    method: body === undefined ? "GET" : "POST",
    // Another connection, and so perhaps another event loop.
    headers: { "content-type": "application/json", connection: "close" },
    ...(body !== undefined && { body: JSON.stringify({ model: "gpt-4o", input: "Go on.", ...body }) }),
  });
  const { id } = (await answer.json()) as { id: string };
  return { status: answer.status, decision: answer.headers.get("x-stuntdouble-decision"), id };
}

test("every run of an agent stays where its first turn went, at 50 % and over several event loops", async () => {
  const begun = new Set<string | null>();
  for (let run = 0; run < 12; run += 1) {
    const first = await ask("", {});
    begun.add(first.decision);
    let { id } = first;
    for (let turn = 0; turn < 3; turn += 1) {
      const next = await ask("", { previous_response_id: id });
      expect(next).toMatchObject({ status: 200, decision: first.decision });
      ({ id } = next);
    }
    expect(await ask(`/${id}`)).toMatchObject({ status: 200, decision: first.decision });
  }
  expect(begun).toEqual(new Set(["forward", "simulate"]));
});

import { startNode } from "../support/node.ts";
import { json, startUpstream, type Script, type ScriptedUpstream } from "../support/upstream.ts";

/** What the programs of the suites talk to. */
export type Servers = {
  /** The environment by which a program finds them. */
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};

const statuses = [401, 429, 503, 529].map((status) => ({
  name: `status-${status}`,
  match: { model: `*-${status}` },
  serve: "simulate",
  faults: [{ kind: "status", status, ...(status === 429 && { retryAfterSeconds: 1 }) }],
}));

const rules = [
  ...statuses,
  {
    name: "first-attempt",
    match: { model: "*-retry", header: { "x-stainless-retry-count": "0" } },
    serve: "simulate",
    faults: [{ kind: "status", status: 429, retryAfterSeconds: 1 }],
  },
  { name: "cut", match: { model: "*-cut" }, serve: "simulate", faults: [{ kind: "cut", afterTokens: 3 }] },
  {
    name: "error-event",
    match: { model: "*-error-event" },
    serve: "simulate",
    faults: [{ kind: "error-event", afterTokens: 3 }],
  },
];

/** Starts a node that simulates, and one in front of a provider whose API it does not know. */
export async function startServers(): Promise<Servers> {
  const simulating = await startNode({ seed: 7, rules, control: { enabled: true } });
  const provider = await startProvider();
  const forwarding = await startNode({
    upstreams: { provider: { url: provider.url } },
    default: { serve: "forward" },
  });
  return {
    env: { STUNTDOUBLE_URL: simulating.url, STUNTDOUBLE_FORWARD_URL: forwarding.url },
    async stop() {
      await Promise.all([simulating.stop(), forwarding.stop()]);
      await provider.stop();
    },
  };
}

const cohereChat = {
  id: "c14c80c3-18eb-4519-9460-6c92edd8cfb4",
  finish_reason: "COMPLETE",
  message: { role: "assistant", content: [{ type: "text", text: "This is a test." }] },
  usage: { billed_units: { input_tokens: 5, output_tokens: 5 }, tokens: { input_tokens: 5, output_tokens: 5 } },
};

const cohereEmbed = {
  id: "da6e531f-54c5-4a73-bf92-f60566d8d753",
  embeddings: {
    float: [
      [0.1, 0.2],
      [0.3, 0.4],
    ],
  },
  texts: ["a", "b"],
  response_type: "embeddings_by_type",
};

const converse = {
  metrics: { latencyMs: 40 },
  output: { message: { role: "assistant", content: [{ text: "This is a test." }] } },
  stopReason: "end_turn",
  usage: { inputTokens: 5, outputTokens: 5, totalTokens: 10 },
};

/** Cohere's and Bedrock's APIs as far as the programs ask them; paths below `/429` are that error. */
function startProvider(): Promise<ScriptedUpstream> {
  return startUpstream((response, received) => responseTo(received.target)(response, received));
}

function responseTo(target: string): Script {
  if (target.startsWith("/429/v2/")) return json({ message: "Too many requests" }, { status: 429 });
  if (target.startsWith("/429/")) {
    const headers = { "x-amzn-errortype": "ThrottlingException" };
    return json({ message: "Too many requests" }, { status: 429, headers });
  }
  if (target === "/v2/chat") return json(cohereChat);
  if (target === "/v2/embed") return json(cohereEmbed);
  if (target.endsWith("/converse")) return json(converse);
  return json({ message: `No ${target} here` }, { status: 404 });
}

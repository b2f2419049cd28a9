import { firstOf, framesBy } from "../../frames.ts";
import { bareModel } from "../../model-names.ts";
import type { Frame, HeaderList, Plan } from "../../types.ts";
import { hostedBody, hostedHeaders, hostedMembers } from "../anthropic/hosted.ts";
import { openMessage } from "../anthropic/operations.ts";
import { openJson, type JsonBody } from "../shared/json-body.ts";
import type { CountTokens, Opened, OpenRequest, Operation, Script } from "../types.ts";
import { refuse } from "./check.ts";
import { encodeChunk } from "./envelope.ts";
import { headOf } from "./response.ts";
import { modelIn } from "./target.ts";

const invokedVersion = "bedrock-2023-05-31";

/** `POST /model/{modelId}/invoke`, with the body of a model of Anthropic's. */
export const invoke: Operation = {
  name: "invoke",
  method: "POST",
  route: "/model/{modelId}/invoke",
  open: (request) => openInvoke(request, false),
};

/** `POST /model/{modelId}/invoke-with-response-stream`, a stream of binary events, each with one of the model's. */
export const invokeStream: Operation = {
  name: "invoke-with-response-stream",
  method: "POST",
  route: "/model/{modelId}/invoke-with-response-stream",
  open: (request) => openInvoke(request, true),
};

function openInvoke({ target, headers, body, count }: OpenRequest, stream: boolean): Opened {
  const model = modelIn(target);
  const json = openJson(body, hostedMembers);
  const opened = openInvoked(json, { model, stream, count, headers });
  return {
    facts: { ...opened.facts, model, body: () => json.whole() },
    ask(settings) {
      const ask = opened.ask(settings);
      const write = (script: Script): Plan => (stream ? streamed(script, ask) : whole(script, ask));
      return { ...ask, model, write };
    },
  };
}

type Invoked = Pick<OpenRequest, "headers"> & {
  readonly model: string;
  readonly stream: boolean;
  readonly count: CountTokens;
};

/**
 * Opens the body of a model, which only those of Anthropic's have here.
 *
 * @throws BODY_INVALID, from `ask()`, for the body of any other
 */
export function openInvoked(json: JsonBody, { model, stream, count, headers }: Invoked): Opened {
  const hosted = { model: bareModel(model), stream };
  const opened = openMessage(hostedBody(json, hosted), count, hostedHeaders(headers, json, invokedVersion));
  return {
    facts: opened.facts,
    ask(settings) {
      checkFamily(json, model);
      return opened.ask(settings);
    },
  };
}

/** @see AnthropicSwiftSDK#19 for members that the service has outside of the body */
function checkFamily(json: JsonBody, model: string): void {
  const body = json.whole();
  if (body["anthropic_version"] === undefined) {
    if (/(?:^|[./])anthropic\./.test(model)) malformed("required key [anthropic_version] not found");
    refuse(
      `Bodies for ${model.slice(0, 128)} are not simulated by InvokeModel, only those with "anthropic_version": "${invokedVersion}". Converse takes any model.`,
    );
  }
  const extra = ["stream", "model"].find((name) => body[name] !== undefined);
  if (extra !== undefined) malformed(`extraneous key [${extra}] is not permitted`);
}

function malformed(problem: string): never {
  return refuse(`Malformed input request: #: ${problem}, please reformat your input and try again.`);
}

type Written = Pick<ReturnType<Opened["ask"]>, "promptTokens" | "write">;

function whole(script: Script, { promptTokens, write }: Written): Plan {
  const plan = write(script);
  const counts: HeaderList = [
    "x-amzn-bedrock-invocation-latency",
    String(Math.round(plan.endAtMs)),
    "x-amzn-bedrock-input-token-count",
    String(promptTokens),
    "x-amzn-bedrock-output-token-count",
    String(firstOf(plan.frames)?.tokens ?? 0),
  ];
  return { ...plan, head: headOf("application/json", script, counts) };
}

function streamed(script: Script, { promptTokens, write }: Written): Plan {
  const plan = write(script);
  const more: HeaderList = ["x-amzn-bedrock-content-type", "application/json"];
  return {
    ...plan,
    head: headOf("application/vnd.amazon.eventstream", script, more),
    frames: framesBy(() => chunksOf(plan, { promptTokens, firstMs: script.timing.ttftMs })),
  };
}

const messageStop = `{"type":"message_stop"}`;
const ping = `{"type":"ping"}`;

type Measured = { readonly promptTokens: number; readonly firstMs: number };

/** The model's events, each in one of the service's; it sends no pings, and the last event tells what it took. */
function* chunksOf({ frames, endAtMs }: Plan, { promptTokens, firstMs }: Measured): Generator<Frame, undefined> {
  let tokens = 0;
  for (const frame of frames) {
    tokens += frame.tokens;
    const event = String(frame.data);
    const json = event.slice(event.indexOf("{"), -2);
    if (json === ping) continue;
    const isLast = json === messageStop;
    yield { ...frame, data: encodeChunk(isLast ? stopJson({ promptTokens, firstMs, tokens, endAtMs }) : json) };
  }
}

function stopJson({ promptTokens, firstMs, tokens, endAtMs }: Measured & { tokens: number; endAtMs: number }): string {
  const counts = `"inputTokenCount":${promptTokens},"outputTokenCount":${tokens}`;
  const times = `"invocationLatency":${Math.round(endAtMs)},"firstByteLatency":${Math.round(firstMs)}`;
  return `{"type":"message_stop","amazon-bedrock-invocationMetrics":{${counts},${times}}}`;
}

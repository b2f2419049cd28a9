/** The headers of a simulated response, as Stuntdouble sends them. */
export const responseHeaders: Readonly<Record<string, string>> = {
  "content-type": "application/json",
  "openai-version": "2020-10-01",
  "openai-processing-ms": "1",
  "x-request-id": "bench",
  "x-stuntdouble-decision": "simulate",
  "x-stuntdouble-rule": "default",
  "x-stuntdouble-seed": "7",
  "x-ratelimit-limit-requests": "100000000",
  "x-ratelimit-limit-tokens": "100000000000",
  "x-ratelimit-remaining-requests": "99999999",
  "x-ratelimit-remaining-tokens": "99999999999",
  "x-ratelimit-reset-requests": "1ms",
  "x-ratelimit-reset-tokens": "1ms",
};

const content =
  "The short answer is that it depends on how much traffic you expect and how fast it grows. A simple approach is to start " +
  "with one small service and measure it before you add anything else. First, check that the input is valid.";

/** The plainest work of a stand-in: the request is parsed, an object built and written as JSON. */
export function responseText(body: Buffer): string {
  const text = body.toString();
  const { model } = (text === "" ? {} : JSON.parse(text)) as { model?: string };
  return JSON.stringify({
    id: "chatcmpl-bench",
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [
      { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" },
    ],
    usage: { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 },
  });
}

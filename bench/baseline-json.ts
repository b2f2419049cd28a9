/** The plainest Node server that does the same work: parse the request, build an object, stringify it. */
import { createServer } from "node:http";

const content =
  "The short answer is that it depends on how much traffic you expect and how fast it grows. A simple approach is to start " +
  "with one small service and measure it before you add anything else. First, check that the input is valid.";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const text = Buffer.concat(chunks).toString();
    const { model } = (text === "" ? {} : JSON.parse(text)) as { model?: string };
    const body = JSON.stringify({
      id: "chatcmpl-bench",
      object: "chat.completion",
      created: Math.floor(Date.now() / 1000),
      model,
      choices: [
        { index: 0, message: { role: "assistant", content, refusal: null }, logprobs: null, finish_reason: "stop" },
      ],
      usage: { prompt_tokens: 20, completion_tokens: 50, total_tokens: 70 },
    });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");

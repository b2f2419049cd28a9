/** The plainest Node server that does the same work: parse the request, build an object, stringify it. */
import { createServer } from "node:http";
import { responseText } from "./response.ts";

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const body = responseText(Buffer.concat(chunks));
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
}).listen(Number(process.argv[2]), "127.0.0.1");

import { z } from "zod";
import type { Fault } from "./engine/types.ts";

const options = z.strictObject({
  status: z.number().int().min(200).max(599).optional().describe("HTTP status of the page; 502 by default"),
  body: z.string().optional().describe("the page, instead of the usual one of a load balancer"),
});

/** The titles of pages that load balancers give. */
const titles: Readonly<Record<number, string>> = {
  200: "Sign in to the network",
  403: "403 Forbidden",
  404: "404 Not Found",
  413: "413 Request Entity Too Large",
  429: "429 Too Many Requests",
  500: "500 Internal Server Error",
  502: "502 Bad Gateway",
  503: "503 Service Temporarily Unavailable",
  504: "504 Gateway Time-out",
};

/** Responds with an HTML page, as a load balancer or a captive portal does; the source is not asked. */
export const html: Fault<z.infer<typeof options>> = {
  kind: "html",
  summary: "Responds with an HTML page, as a load balancer or a captive portal does.",
  options,
  respond({ status = 502, body }, context) {
    context.fired();
    const data = body ?? pageOf(titles[status] ?? `${status} Error`);
    return {
      head: { status, headers: ["content-type", "text/html"] },
      headAtMs: 0,
      frames: [{ atMs: 0, data, tokens: 0, final: false }],
      ending: "finish",
      endAtMs: 0,
    };
  },
};

function pageOf(title: string): string {
  const head = `<head><title>${title}</title></head>`;
  return `<html>\r\n${head}\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n</body>\r\n</html>\r\n`;
}

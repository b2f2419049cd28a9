import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../support/programs/behind-envoy.ts";
import { findEnvoy } from "../support/programs/envoy.ts";
import { describeWith } from "../support/programs/missing.ts";
import { behaviours, see, type Seen } from "./behaviours.ts";

/** Belong to the connection, or to the server that speaks. */
const ofTheServer = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"]);

describeWith("envoy", findEnvoy(), "what the proxy does, ext_proc does", (place) => {
  let behind: BehindEnvoy;
  beforeAll(async () => {
    const models = ["gpt-4o", "text-embedding-3-small"];
    behind = await startBehindEnvoy(place, { models, listen: { maxBodyBytes: 100_000 } });
  });
  afterAll(async () => {
    await behind.stop();
  });

  test.each(behaviours)("$name", async ({ ask, expected }) => {
    const direct = await see(behind.node.url, ask);
    const throughEnvoy = await see(behind.envoy.url, ask);
    expect(expected(direct)).toBe(true);
    expect(expected(throughEnvoy)).toBe(true);
    expect(comparable(throughEnvoy)).toEqual(comparable(direct));
    await behind.node.idle();
    const [last, first] = await behind.node.outcomes(2);
    const { rule, mode, status, ending, cause, faults, promptTokens } = last!;
    expect({ rule, mode, status, ending, cause, faults, promptTokens }).toEqual({
      rule: first?.rule,
      mode: first?.mode,
      status: first?.status,
      ending: first?.ending,
      cause: first?.cause,
      faults: first?.faults,
      promptTokens: first?.promptTokens,
    });
  });
});

function comparable({ status, headers, body, broken }: Seen): object {
  const kept = Object.entries(headers).filter(([name]) => !ofTheServer.has(name));
  const packed = headers["content-encoding"] === "gzip" && body.startsWith("\u001f");
  const text = packed ? gunzipSync(Buffer.from(body, "latin1")).toString("latin1") : body;
  return { status, headers: Object.fromEntries(kept), broken, text: text.replaceAll(/"created":\d+/g, "") };
}

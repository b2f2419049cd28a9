import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { envoyGatewayParts, istioParts, startWithParts, type Parts } from "../../support/gateways/ext-proc.ts";
import { startNode, until, type Node } from "../../support/node.ts";
import type { Gateway } from "../../support/programs/gateway.ts";
import { findEnvoyProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { json, startUpstream, type ScriptedUpstream } from "../../support/upstream.ts";

const parts: [string, Parts][] = [
  ["istio/ext-proc.yaml", istioParts()],
  ["envoy-gateway/ext-proc.yaml", envoyGatewayParts()],
];

describeWith("the program envoy", findEnvoyProgram(), "ext_proc as resources of Kubernetes set it up", (envoy) => {
  describe.each(parts)("with the filter of %s", (_file, found) => {
    let node: Node;
    let provider: ScriptedUpstream;
    let gateway: (Gateway & { readonly url: string }) | undefined;
    beforeEach(async () => {
      provider = await startUpstream(json({ real: true }));
      node = await startNode({
        extProc: {},
        control: { enabled: true },
        upstreams: { openai: { url: provider.url } },
        rules: [{ name: "real", match: { header: { "x-env": "real" } }, serve: "forward" }],
      });
      gateway = await startWithParts(envoy, found, { extProc: node.app.extProcPort ?? 0, provider: provider.port });
    }, 60_000);
    afterEach(async () => {
      await gateway?.stop();
      await node.stop();
      await provider.stop();
    });

    async function ask(headers: Record<string, string> = {}, stream = false): Promise<Response> {
      return await fetch(`${gateway?.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ model: "gpt-4o", stream, messages: [{ role: "user", content: "Hello" }] }),
      });
    }
    const who = async (headers?: Record<string, string>): Promise<"real" | "simulated" | number> => {
      const response = await ask(headers);
      const text = await response.text();
      if (response.status !== 200) return response.status;
      return text === '{"real":true}' ? "real" : "simulated";
    };

    test("Envoy simulates, forwards, injects faults, and passes the tokens of a stream on while it goes on", async () => {
      await until("a healthy sidecar", async () => ((await who()) === "simulated" ? true : undefined));
      expect(await who({ "x-env": "real" })).toBe("real");
      expect(await who({ "x-stuntdouble": "fault=status;status=429" })).toBe(429);
      const response = await ask({ "x-stuntdouble": "ttft=1, itl=1, tokens=12, fault=hang;after=3" }, true);
      const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
      let got = "";
      while ((got.match(/"content":"[^"]/g) ?? []).length < 3) got += (await reader.read()).value ?? "";
      expect(got).not.toContain("[DONE]");
      await reader.cancel();
    });

    test("calls go to the provider while Stuntdouble is down", async () => {
      await until("a healthy sidecar", async () => ((await who()) === "simulated" ? true : undefined));
      await node.stop();
      expect(await who()).toBe("real");
    });
  });
});

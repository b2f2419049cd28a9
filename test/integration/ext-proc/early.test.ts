import { expect, test } from "vitest";
import { startBehindEnvoy, type BehindEnvoy } from "../../support/programs/behind-envoy.ts";
import { findEnvoy } from "../../support/programs/envoy.ts";
import { describeWith } from "../../support/programs/missing.ts";
import { chatBody, postText, rawConnect, rawRequest } from "../../support/raw.ts";

const chat = "/v1/chat/completions";

describeWith("envoy", findEnvoy(), "a response of Envoy's own before the decision", (place) => {
  const limits = { requestTimeout: "1s", streamIdleTimeout: "3s" };

  async function behindEnvoy(mode: string, use: (behind: BehindEnvoy) => Promise<void>): Promise<void> {
    const filter = {
      processing_mode: {
        request_header_mode: "SEND",
        response_header_mode: "SEND",
        request_body_mode: mode,
        ...(mode === "FULL_DUPLEX_STREAMED" && {
          request_trailer_mode: "SEND",
          response_trailer_mode: "SEND",
          response_body_mode: mode,
        }),
      },
    };
    const behind = await startBehindEnvoy(place, {}, { filter, ...limits });
    try {
      await use(behind);
      await behind.node.idle();
    } finally {
      await behind.stop();
    }
  }

  test.each(["STREAMED", "FULL_DUPLEX_STREAMED", "BUFFERED"])(
    "reaches a client that has sent half of its body (%s)",
    async (mode) => {
      await behindEnvoy(mode, async ({ envoy }) => {
        const text = postText(chat, chatBody());
        const connection = await rawConnect(envoy.port);
        connection.socket.write(text.slice(0, -20));
        const response = await connection.response({ enough: (received) => received.includes("\r\n\r\n") });
        expect(response.status).toBe(408);
        expect(response.body).toBe("request timeout");
      });
    },
  );

  test("reaches a client that waits longer for a simulated response than Envoy lets it", async () => {
    await behindEnvoy("STREAMED", async ({ envoy, node }) => {
      const text = postText(chat, chatBody(), ["x-stuntdouble: ttft=30000", "connection: close"]);
      expect((await rawRequest(envoy.port, text)).status).toBe(504);
      const [outcome] = await node.outcomes();
      expect(outcome).toMatchObject({ ending: "client-gone" });
    });
  });

  test("reaches a client whose request is larger than Envoy's buffer (BUFFERED)", async () => {
    await behindEnvoy("BUFFERED", async ({ envoy }) => {
      const text = postText(chat, chatBody({ user: "x".repeat(2_000_000) }));
      const connection = await rawConnect(envoy.port);
      connection.socket.write(text);
      const response = await connection.response({ enough: (received) => received.includes("\r\n\r\n") });
      expect(response.status).toBe(413);
    });
  });
});

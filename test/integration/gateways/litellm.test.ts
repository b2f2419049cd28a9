import { randomUUID } from "node:crypto";
import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findCached } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

/** LiteLLM starts only with a key that nobody can guess. */
const key = `sk-${randomUUID()}${randomUUID()}`;
const found = findCached("litellm", "STUNTDOUBLE_LITELLM", "stuntdouble-litellm-proxy");

describeWith("the LiteLLM proxy", found, "the plugin for LiteLLM", (litellm) => {
  behavesLikeEveryGateway({
    start: (ports) =>
      startPlugin(
        "litellm",
        ports,
        ({ listen }) => [litellm, "--config", "config.yaml", "--host", "127.0.0.1", "--port", String(listen)],
        { OPENAI_API_KEY: "none", LITELLM_MASTER_KEY: key, LITELLM_LOCAL_MODEL_COST_MAP: "True" },
      ),
    headers: { authorization: `Bearer ${key}` },
    ways: {
      simulate: { headers: { "x-litellm-tags": "simulate" } },
      forward: { headers: { "x-litellm-tags": "default" } },
      route: { path: "/v1/embeddings", model: "text-embedding-3-small" },
      share: { model: "gpt-4o-mini" },
    },
    refusesNothing: true,
    standsInForBroken: true,
  });
});

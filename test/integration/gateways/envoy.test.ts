import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findEnvoyProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

const flags = ["--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"];

describeWith("the program envoy", findEnvoyProgram(), "the plugin for Envoy", (envoy) => {
  behavesLikeEveryGateway({
    start: (places) => startPlugin("envoy", places, () => [envoy, "-c", "envoy.yaml", ...flags]),
  });
});

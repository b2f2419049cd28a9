import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

describeWith("Caddy", findProgram("caddy", "STUNTDOUBLE_CADDY"), "the plugin for Caddy", (caddy) => {
  behavesLikeEveryGateway({
    start: (places) =>
      startPlugin("caddy", places, () => [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]),
  });
});

import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findCached } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

const found = findCached("caddy", "STUNTDOUBLE_CADDY", "stuntdouble-caddy");

describeWith("Caddy", found, "the plugin for Caddy", (caddy) => {
  behavesLikeEveryGateway({
    start: (places) =>
      startPlugin("caddy", places, () => [caddy, "run", "--config", "Caddyfile", "--adapter", "caddyfile"]),
  });
});

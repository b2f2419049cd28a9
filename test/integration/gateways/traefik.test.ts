import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findCached } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

const found = findCached("traefik", "STUNTDOUBLE_TRAEFIK", "stuntdouble-traefik");

describeWith("Traefik", found, "the plugin for Traefik", (traefik) => {
  behavesLikeEveryGateway({
    start: (places) => startPlugin("traefik", places, () => [traefik, "--configfile=traefik.yaml"]),
  });
});

import { behavesLikeEveryGateway } from "../../support/gateways/behaviours.ts";
import { startPlugin } from "../../support/gateways/plugin.ts";
import { findProgram } from "../../support/programs/index.ts";
import { describeWith } from "../../support/programs/missing.ts";

describeWith("nginx", findProgram("nginx", "STUNTDOUBLE_NGINX"), "the plugin for nginx", (nginx) => {
  behavesLikeEveryGateway({
    start: (places) =>
      // One process, so that nothing is left when it is killed.
      startPlugin("nginx", places, () => [
        nginx,
        "-p",
        ".",
        "-c",
        "nginx.conf",
        "-g",
        "daemon off; master_process off;",
      ]),
  });
});

import { shadowReport } from "../../core/shadow.ts";
import { question } from "../question.ts";
import { json, route, type Resource } from "../resource.ts";

/** Real and simulated timings side by side, over all shadowed calls that are kept. */
const report = question({
  name: "shadow",
  reply: (loop) => loop.shadow.snapshot(),
  merge: shadowReport,
});

/** `GET /admin/v1/shadow` */
export const shadow: Resource = {
  questions: [report],
  routes: [
    route({
      method: "GET",
      path: "/admin/v1/shadow",
      summary: "real and simulated timing side by side, by model",
      respond: async ({ node }) => json(await node.ask(report)),
    }),
  ],
};

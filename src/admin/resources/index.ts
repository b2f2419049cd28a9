import type { Resource } from "../resource.ts";
import { audit } from "./audit.ts";
import { budgets } from "./budgets.ts";
import { clients } from "./clients.ts";
import { config } from "./config.ts";
import { experiments } from "./experiments.ts";
import { learned } from "./learned.ts";
import { metrics } from "./metrics.ts";
import { nodes } from "./nodes.ts";
import { probes } from "./probes.ts";
import { records } from "./records.ts";
import { reload } from "./reload.ts";
import { replies } from "./replies.ts";
import { requests } from "./requests.ts";
import { shadow } from "./shadow.ts";
import { status } from "./status.ts";

/** Everything that the admin API shows and does. */
export const resources: readonly Resource[] = [
  probes,
  metrics,
  status,
  requests,
  records,
  shadow,
  experiments,
  audit,
  clients,
  budgets,
  replies,
  learned,
  nodes,
  config,
  reload,
];

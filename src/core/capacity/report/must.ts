import { redirectedAfter } from "../failover.ts";
import type { CapacityPlan } from "../plan.ts";
import { timeText } from "../scaler.ts";
import type { Policy } from "../types.ts";

/** What the files for the balancer and the autoscaler must contain, one sentence each. */
export function mustHave({ policy, regions }: Pick<CapacityPlan, "policy" | "regions">): string[] {
  return [...balancerHas(policy), ...autoscalerHas(policy, regions), ...dnsHas(policy)];
}

function balancerHas({ health, drainSeconds, node }: Policy): string[] {
  const { intervalSeconds, healthyChecks, unhealthyChecks } = health;
  return [
    `Balancer: health check GET /readyz on the admin port, every ${intervalSeconds} s; out after ${unhealthyChecks} failures, in after ${healthyChecks} successes.`,
    "Balancer: no buffering of responses, and an idle timeout longer than the longest time to a first token.",
    "Balancer: keep-alive to the nodes, and many connections: each one stays with one event loop.",
    "Balancer: another try only where a connection was refused, never once a request was sent.",
    `Balancer: ${drainSeconds} s for connections of a node that leaves, no less than listen.drainDelayMs and listen.drainMs together.`,
    `Node: the queue's limit (permits.queueTimeoutMs) is ${node.maxWaitMs} ms here; set it to the same.`,
  ];
}

function autoscalerHas(policy: Policy, regions: CapacityPlan["regions"]): string[] {
  const { scaling, nodes, provisioning, zones } = policy;
  const { up, down } = scaling;
  const reserve = regions
    .filter((region) => region.nodes > nodes.min)
    .map((region) => `${region.nodes} in ${region.name}`);
  return [
    `Autoscaler: ${nodes.min} to ${nodes.max} nodes in each region, spread over ${zones} zones.`,
    ...(reserve.length === 0
      ? []
      : [
          `Autoscaler: a minimum of ${reserve.join(", ")}, as long as the load is as planned: else it removes the reserve.`,
        ]),
    `Autoscaler: ${up.nodes} nodes more at CPU above ${up.cpuPercentage.limit} % for ${timeText(up.cpuPercentage.forSeconds)}, or P99 above ${up.p99Ms.limit} ms for ${timeText(up.p99Ms.forSeconds)}.`,
    `Autoscaler: ${down.nodes} nodes less at CPU below ${down.cpuPercentage.limit} % for ${timeText(down.cpuPercentage.forSeconds)} and P99 below ${down.p99Ms.limit} ms for ${timeText(down.p99Ms.forSeconds)}.`,
    `Autoscaler: ${timeText(scaling.cooldownSeconds)} between two changes; a metric each ${timeText(scaling.evaluateSeconds)}; an image that serves within ${provisioning.maxSeconds} s.`,
    "Autoscaler: P99 is that of stuntdouble_overhead_seconds, which is without the time that a profile or an upstream takes.",
    "Autoscaler: SIGTERM to a node that leaves, SIGKILL not before it has drained.",
  ];
}

function dnsHas(policy: Policy): string[] {
  const { failover, regions } = policy;
  if (Object.keys(regions).length < 2) return [];
  return [
    `DNS: a health check of each region's balancer every ${failover.intervalSeconds} s, ${failover.unhealthyChecks} failures, records of ${failover.ttlSeconds} s: clients move after ${redirectedAfter(policy)} s.`,
  ];
}

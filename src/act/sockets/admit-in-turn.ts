import { attemptOverNodes } from "../clients/over-nodes.ts";
import type { Runtime } from "../types.ts";
import { admitRouted, routeCall, takeOverNodes, type Admission, type Admitting } from "../admission.ts";

/**
 * Admits a call as `admit` does, once its quota was taken: by this node, or over all nodes.
 *
 * @param isGone whether its client has left
 * @returns never rejects; undefined where the client left before the quota was known
 */
export async function admitInTurn(
  admitting: Admitting & { readonly runtime: Runtime },
  isGone: () => boolean,
): Promise<Admission | undefined> {
  await attemptOverNodes(admitting);
  const routed = routeCall(admitting);
  const taken = await takeOverNodes(routed, admitting.runtime);
  return isGone() ? undefined : admitRouted(routed, admitting, taken);
}

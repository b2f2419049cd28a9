import type { ActDeps, Runtime, UpstreamRuntime } from "./types.ts";
import { setHeaders } from "../core/headers.ts";
import type { Admitted } from "./admission.ts";
import { appendSender, requestHeaders, type Forwarding } from "./headers.ts";
import type { CallRecord } from "./outcome.ts";
import { beginRecording, teeFor } from "./recordings/begin.ts";
import type { Tee } from "./recordings/tee.ts";
import { needOf, type Relay } from "./relay.ts";
import { outgoingOf } from "./request-body.ts";

/** A call on its way to its upstream. */
export type Sending = {
  readonly admitted: Admitted;
  readonly record: CallRecord;
  readonly deps: Pick<ActDeps, "pseudonym" | "recordings">;
  readonly runtime: Runtime;
  readonly to: UpstreamRuntime;
};

/** Whether somebody wants to know when each token came. */
function isTimedBy({ decision, opened }: Admitted, { notes }: CallRecord): boolean {
  return opened !== undefined && (decision.mirror !== undefined || notes !== undefined);
}

/**
 * Sends a request to its upstream, or has its gateway send it; the response goes to the relay.
 *
 * @returns what records the response; undefined where it is not recorded
 */
export function send({ admitted, record, deps, runtime, to }: Sending, relay: Relay): Tee | undefined {
  const { request } = record;
  const { faults, decision, opened } = admitted;
  const { upstream, credential } = to;
  const { snapshot, keys } = runtime;
  const tee = decision.record === undefined ? undefined : teeFor(admitted, relay, { record, seed: snapshot.seed });
  const receiver = record.payment?.before(tee ?? relay) ?? tee ?? relay;
  const isMetered = to.budget?.isMetered === true;
  const isTimed = isTimedBy(admitted, record);
  const isStreamTimed = isTimed && opened?.facts.stream === true;
  const forwarding: Forwarding = {
    controlHeader: snapshot.control.header,
    aliases: snapshot.control.aliases === true,
    credential,
    dropCredentials: keys?.required === true,
    requestId: request.id,
    pseudonym: deps.pseudonym,
    plain: faults.length > 0 || tee !== undefined || isStreamTimed || isMetered,
  };
  const headers = requestHeaders(request.rawHeaders, forwarding);
  if (record.span !== undefined) setHeaders(headers, ["traceparent", record.span.traceparent]);
  const { peer, carrier } = request;
  if (peer !== undefined) appendSender(headers, request.headers, peer);
  record.asked();
  if (carrier === undefined) relay.follow(upstream.send(outgoingOf(request, headers, forwarding), receiver));
  else {
    const need = needOf(faults, isTimed || tee !== undefined || isMetered);
    relay.follow(carrier.carry({ upstream: upstream.name, headers, decision, need }, receiver));
  }
  tee?.into(beginRecording(deps.recordings, { admitted, record, to }));
  return tee;
}

/** A fault as the table of outcomes shows it, and how the control header asks for it. */
export type TableFault = { readonly label: string; readonly control: string };

/** Faults that any call can meet. */
export const callFaults: readonly TableFault[] = [
  ...[400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 504, 529].map((status) => ({
    label: `status ${status}`,
    control: `fault=status;status=${status}`,
  })),
  { label: "status 429, variant quota", control: "fault=status;status=429;variant=quota" },
  { label: "replaced by 502", control: "fault=replace;status=502" },
  { label: "cut before the head", control: "fault=cut" },
  { label: "reset before the head", control: "fault=reset" },
  { label: "hang before the head", control: "fault=hang" },
  { label: "malformed", control: "fault=malformed" },
  { label: "delay", control: "fault=delay;ms=50" },
  { label: "drip", control: "fault=drip;slice-bytes=7" },
  { label: "HTML page, 502", control: "fault=html" },
  { label: "HTML page, 200", control: "fault=html;status=200" },
  { label: "empty 200", control: "fault=clean-end;where=body" },
  { label: "content type text/html", control: "fault=content-type" },
  { label: "content length too large", control: "fault=content-length" },
  { label: "content length too small", control: "fault=content-length;by=-20" },
  { label: "gzip that is none", control: "fault=bad-gzip" },
  { label: "100 informational responses", control: "fault=informational" },
  { label: "silent for 1.5 s before the first token", control: "fault=stall;for-ms=1500" },
  { label: "comments for 1.5 s before the first token", control: "fault=stall;for-ms=1500;with=comments;every-ms=200" },
];

/** Faults in the middle of a stream. */
export const streamFaults: readonly TableFault[] = [
  { label: "cut after 3 tokens", control: "fault=cut;after=3" },
  { label: "reset after 3 tokens", control: "fault=reset;after=3" },
  { label: "hang after 3 tokens", control: "fault=hang;after=3" },
  { label: "stall after 3 tokens", control: "fault=stall;after=3" },
  { label: "comments for 1.5 s after 3 tokens", control: "fault=stall;after=3;for-ms=1500;with=comments;every-ms=200" },
  {
    label: "empty deltas for 1.5 s after 3 tokens",
    control: "fault=stall;after=3;for-ms=1500;with=emptyDeltas;every-ms=200",
  },
  { label: "clean end after 3 tokens", control: "fault=clean-end;after=3" },
  { label: "no final marker", control: "fault=clean-end" },
  { label: "malformed after 3 tokens", control: "fault=malformed;after=3" },
  { label: "error event after 3 tokens", control: "fault=error-event;after=3" },
];

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
  { label: "refusal", control: "fault=content;what=refusal" },
  { label: "content filter", control: "fault=content;what=filtered" },
  { label: "empty answer", control: "fault=content;what=empty" },
  { label: "stopped by length", control: "fault=content;what=length" },
  { label: "another model", control: "fault=content;what=other-model" },
  { label: "no usage", control: "fault=usage;what=missing" },
  { label: "usage of 0", control: "fault=usage;what=zero" },
  { label: "absurd usage", control: "fault=usage;what=absurd" },
  { label: "byte order mark", control: "fault=framing;what=bom" },
];

/** Faults in the middle of a stream. */
export const streamFaults: readonly TableFault[] = [
  { label: "cut after 3 tokens", control: "fault=cut;after=3" },
  { label: "reset after 3 tokens", control: "fault=reset;after=3" },
  { label: "hang after 3 tokens", control: "fault=hang;after=3" },
  { label: "clean end after 3 tokens", control: "fault=clean-end;after=3" },
  { label: "no final marker", control: "fault=clean-end" },
  { label: "malformed after 3 tokens", control: "fault=malformed;after=3" },
  { label: "error event after 3 tokens", control: "fault=error-event;after=3" },
  { label: "event lost after 3 tokens", control: "fault=event;what=lost;after=3" },
  { label: "event duplicated after 3 tokens", control: "fault=event;what=duplicated;after=3" },
  { label: "events reordered after 3 tokens", control: "fault=event;what=reordered;after=3" },
  { label: "event cut after 3 tokens", control: "fault=event;what=cut;after=3" },
  { label: "event of 64 KiB after 3 tokens", control: "fault=event;what=huge;bytes=65536;after=3" },
  { label: "event of unknown type after 3 tokens", control: "fault=event;what=unknown-type;after=3" },
  { label: "wrong index after 3 tokens", control: "fault=event;what=wrong-index;after=3" },
  { label: "wrong id after 3 tokens", control: "fault=event;what=wrong-id;after=3" },
  { label: "event after the end", control: "fault=event;what=after-end" },
  { label: "lines that end in CR", control: "fault=framing;what=cr" },
  { label: "lines that end in CR LF", control: "fault=framing;what=crlf" },
  { label: "character in two events", control: "fault=framing;what=split-utf8" },
];

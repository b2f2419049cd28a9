/** What happens when, in the order of time; at the same time, in the order in which it was added. */
export type Agenda<Event> = {
  add(atSeconds: number, event: Event): void;
  /** Takes the next one; undefined when there is none. */
  next(): { readonly atSeconds: number; readonly event: Event } | undefined;
};

/** An empty agenda. */
export function createAgenda<Event>(): Agenda<Event> {
  const entries: { readonly atSeconds: number; readonly event: Event }[] = [];
  return {
    add(atSeconds, event) {
      let at = entries.length;
      while (at > 0 && (entries[at - 1]?.atSeconds ?? 0) > atSeconds) at -= 1;
      entries.splice(at, 0, { atSeconds, event });
    },
    next: () => entries.shift(),
  };
}

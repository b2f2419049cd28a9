/** One server-sent event. */
export type ServerEvent = { readonly name: string; readonly data: string };

/**
 * Reads server-sent events that have one line of data each, as the admin API sends them.
 *
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of body) {
    const blocks = (rest + decoder.decode(bytes, { stream: true })).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) yield eventOf(block);
  }
}

function eventOf(block: string): ServerEvent {
  const field = (name: string): string => {
    const line = block.split("\n").find((each) => each.startsWith(`${name}:`));
    return line === undefined ? "" : line.slice(name.length + 1).trimStart();
  };
  return { name: field("event"), data: field("data") };
}

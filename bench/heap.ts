type Target = { readonly webSocketDebuggerUrl: string };
type Reply = { readonly id?: number; readonly result?: { readonly usedSize?: number } };

/**
 * What a Node process holds on its heap once all garbage is collected, asked through its inspector.
 *
 * Memory that is resident says less: V8 puts full collections off and keeps pages for later.
 *
 * @param port where the process was started with `--inspect`
 */
export async function liveHeapBytes(port: number): Promise<number> {
  const [target] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Target[];
  if (target === undefined) throw new Error(`no inspector at port ${port}`);
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
  let id = 0;
  const ask = (method: string): Promise<Reply> =>
    new Promise((resolve) => {
      id += 1;
      const wanted = id;
      socket.addEventListener("message", ({ data }) => {
        const reply = JSON.parse(String(data)) as Reply;
        if (reply.id === wanted) resolve(reply);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  await ask("HeapProfiler.collectGarbage");
  const { result } = await ask("Runtime.getHeapUsage");
  socket.close();
  return result?.usedSize ?? Number.NaN;
}

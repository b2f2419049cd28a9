import { figure, median, spread, startStuntdouble, type Figure } from "./lib.ts";

const port = 18490;
const calls = 50;
const rounds = 7;
const config = `
workers: 2
rules:
  - { name: hangs, match: { header: { x-rule: hangs } }, serve: simulate, profile: instant, faults: [{ kind: hang, afterTokens: 1 }] }
  - { name: fails, serve: simulate, profile: instant, faults: [{ kind: status, status: 503 }] }
`;

/** How long after the kill switch was asked for the last fault strikes, and the last call that hangs is let go, on two event loops. */
export async function killSwitch(): Promise<Figure[]> {
  const node = await startStuntdouble("kill-switch", config, port);
  const lastFault: number[] = [];
  const lastHang: number[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const seen = await oneRound();
      lastFault.push(seen.lastFaultMs);
      lastHang.push(seen.lastHangMs);
    }
  } finally {
    await node.stop();
  }
  console.log(
    `kill switch      last fault ${spread(lastFault, 1)} ms, last of ${calls} hanging calls ${spread(lastHang, 1)} ms`,
  );
  return [
    figure("kill switch: the last fault after it was asked for", median(lastFault), { atMost: 100, unit: " ms" }),
    figure(`kill switch: the last of ${calls} hanging calls let go`, median(lastHang), { atMost: 100, unit: " ms" }),
  ];
}

async function oneRound(): Promise<{ lastFaultMs: number; lastHangMs: number }> {
  const hanging = await Promise.all(Array.from({ length: calls }, () => ask("hangs")));
  let lastFaultAt = 0;
  const over = new AbortController();
  const askers = Array.from({ length: 2 }, async () => {
    while (!over.signal.aborted) {
      const sentAt = performance.now();
      const response = await ask("fails");
      if (response.status === 503) lastFaultAt = Math.max(lastFaultAt, sentAt);
      await response.text();
    }
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const pulledAt = performance.now();
  const ends = hanging.map(async (response) => {
    await response.text().catch(() => undefined);
    return performance.now();
  });
  await admin("stop");
  const lastHangAt = Math.max(...(await Promise.all(ends)));
  over.abort();
  await Promise.all(askers);
  await admin("resume");
  return { lastFaultMs: Math.max(0, lastFaultAt - pulledAt), lastHangMs: lastHangAt - pulledAt };
}

async function ask(rule: "hangs" | "fails"): Promise<Response> {
  return await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close", "x-rule": rule },
    body: JSON.stringify({ model: "gpt-4o", stream: true, messages: [{ role: "user", content: "Say hello" }] }),
  });
}

async function admin(action: "stop" | "resume"): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port + 1}/admin/v1/experiments/${action}`, { method: "POST" });
  if (!response.ok) throw new Error(`${action} was refused: ${await response.text()}`);
}

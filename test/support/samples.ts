/** Texts of the kinds that prompts are made of. */

export const english = `You are a careful assistant for the support team of a small company that rents bicycles. Customers write to
you when something is unclear: how long they may keep a bicycle, what happens if it rains, or why they were charged twice. Always
response politely and in two or three short paragraphs. If you do not know the response, say so, and offer to pass the question on to a
colleague. Never promise a refund; only the accounting department can decide that. When a customer is angry, begin by acknowledging
the problem in your own words before you explain anything.

The city has four stations: the harbour, the university, the market square and the main railway station. They are open from six in
the morning until eleven at night, except on public holidays. A day ticket costs 14.50 and a weekly pass 49.00; students pay half of
that. Helmets are free, child seats have to be reserved at least 24 hours in advance. Lost keys cost 25 euros, which includes the
replacement of the lock. Here is the message of the customer: "Hello, I returned my bicycle at the market square on Tuesday evening,
around 22:45, but the app still shows an active rental. Could you please close it? I don't want to pay for another night. Thanks!"`;

export const code = `import { readFile } from "node:fs/promises";

type Reading = { station: string; takenAt: Date; celsius: number | undefined };

const maxAgeMs = 15 * 60 * 1000;

/** Parses one line of the sensor log; returns undefined for comments and blank lines. */
export function parseReading(line: string): Reading | undefined {
  const trimmed = line.trim();
  if (trimmed === "" || trimmed.startsWith("#")) return undefined;
  const [station, takenAt, celsius] = trimmed.split(";");
  if (station === undefined || takenAt === undefined) throw new SyntaxError(\`cannot read "\${line}"\`);
  return { station, takenAt: new Date(takenAt), celsius: celsius ? Number(celsius) : undefined };
}

export async function latestByStation(path: string, nowMs: number): Promise<Map<string, Reading>> {
  const latest = new Map<string, Reading>();
  for (const line of (await readFile(path, "utf8")).split("\\n")) {
    const reading = parseReading(line);
    if (reading === undefined || nowMs - reading.takenAt.getTime() > maxAgeMs) continue;
    const previous = latest.get(reading.station);
    if (previous === undefined || previous.takenAt < reading.takenAt) {
      latest.set(reading.station, reading);
    }
  }
  return latest;
}

def moving_average(values, window=5):
    """Return the mean of the last \`window\` values at each position."""
    total = 0.0
    averages = []
    for index, value in enumerate(values):
        total += value
        if index >= window:
            total -= values[index - window]
        averages.append(total / min(index + 1, window))
    return averages
`;

const orders = Array.from({ length: 12 }, (_, index) => ({
  id: `ord_${(index * 7_919_317 + 104_729).toString(36)}`,
  status: ["pending", "shipped", "delivered", "returned"][index % 4],
  customer: {
    name: ["Ada Berger", "Tom Okafor", "Li Wei"][index % 3],
    email: `user${index}@example.com`,
    vip: index % 5 === 0,
  },
  items: [{ sku: `SKU-${1000 + index * 37}`, quantity: (index % 3) + 1, unitPriceCents: 1999 + index * 250 }],
  createdAt: `2025-03-${String(index + 1).padStart(2, "0")}T09:${String(index * 4).padStart(2, "0")}:00.000Z`,
  notes: index % 2 === 0 ? null : "Leave the parcel with a neighbour if nobody is at home.",
}));

export const json = `${JSON.stringify(orders)}\n${JSON.stringify(orders.slice(0, 4), null, 2)}`;

export const log = Array.from(
  { length: 20 },
  (_, index) =>
    `2025-03-01T12:00:${String(index).padStart(2, "0")}.${137 + index * 31}Z INFO  [http] GET /api/v2/orders/${4000 + index} 200 ${12 + index}ms user=u${index * 91}`,
).join("\n");

export const markdownTable = [
  "| case | requests/s | p50 ms | p99 ms | remark |",
  "| --- | --- | --- | --- | --- |",
  ...Array.from(
    { length: 20 },
    (_, index) =>
      `| variant ${index} | ${18_000 - index * 431} | ${(1.25 + index * 0.31).toFixed(2)} | ${(9 + index * 1.7).toFixed(1)} (8–${12 + index}) | faster than before |`,
  ),
].join("\n");

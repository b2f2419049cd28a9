import path from "node:path";
import { z } from "zod";
import type { PriceTable } from "../../core/prices/types.ts";
import { schemaFindings, type Finding } from "../findings.ts";
import type { ReadFiles } from "../files/identity.ts";
import { disk, textOf, type FileReader } from "../files/reader.ts";
import { unreadable } from "../files/unreadable.ts";
import type { ConfigError } from "../places.ts";
import type { Config } from "../schema.ts";
import { readYaml } from "../yaml-text.ts";
import { pricesSchema } from "./schema.ts";

/** The prices that come with the program. */
const shippedPrices = path.join(import.meta.dirname, "../../../prices.yaml");

/** What is read for the budgets of a configuration. */
export type ReadPrices = {
  readonly prices: PriceTable;
  /** Errors of the file of prices. */
  readonly errors: readonly ConfigError[];
};

type PricesReading = { readonly folder: string; readonly findings: Finding[]; readonly files: ReadFiles };

/**
 * Reads the prices that a configuration needs: those that come with the program, and its own in their place.
 *
 * @returns no prices where no upstream has a budget
 */
export async function readPrices({ upstreams, budgets }: Config, reading: PricesReading): Promise<ReadPrices> {
  const own = budgets.prices === undefined ? none : await readOwn(budgets.prices, reading);
  if (Object.values(upstreams).every(({ budget }) => budget === undefined)) return { ...none, errors: own.errors };
  const shipped = await readTable(shippedPrices, disk);
  return { prices: { ...shipped.prices, ...own.prices }, errors: [...shipped.errors, ...own.errors] };
}

const none: ReadPrices = { prices: {}, errors: [] };

async function readOwn(file: string, { folder, findings, files }: PricesReading): Promise<ReadPrices> {
  const full = path.resolve(folder, file);
  files.note(full);
  try {
    return await readTable(full, files);
  } catch (cause) {
    const message = `${file}: ${unreadable(cause)}`;
    findings.push({ path: ["budgets", "prices"], at: "value", code: "unreadable-file", message });
    return none;
  }
}

/** @throws the system's error where it cannot be read */
async function readTable(file: string, from: Pick<FileReader, "read">): Promise<ReadPrices> {
  const text = readYaml(textOf(await from.read(file)));
  const { data, error } = pricesSchema.safeParse(text.raw, { reportInput: true });
  const findings = error === undefined || text.errors.length > 0 ? [] : findingsOf(error, text.raw);
  const errors = [...text.errors, ...text.located(findings)].map((each) => ({ file, ...each }));
  return { prices: errors.length > 0 || data === undefined ? {} : data.models, errors };
}

function findingsOf(error: z.ZodError, raw: unknown): Finding[] {
  return schemaFindings(error, { raw: raw ?? {}, schema: () => z.toJSONSchema(pricesSchema, { io: "input" }) });
}

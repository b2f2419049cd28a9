import type { Facts } from "../../types.ts";
import { read, required } from "../shared/fields.ts";
import { isObject, openJson, type JsonObject } from "../shared/json-body.ts";
import { textless } from "../shared/textless.ts";
import { uuidOf } from "../shared/uuid.ts";
import { embed } from "../shared/vectors.ts";
import type { Ask, CountTokens, Operation } from "../types.ts";
import { asObject, field, filled, readModel, readModelOr, refuseRule } from "./check.ts";
import { jsonResponse } from "./response.ts";

const usualModel = "rerank-english-v3.0";
const maxDocuments = 10_000;
/** So many documents are one unit on the bill. */
const documentsInUnit = 100;
/** Enough to tell texts apart by the words that they share. */
const dimensions = 256;

const members = {
  query: filled("query"),
  documents: required(field.array("documents", { called: "[]string" })),
  topN: field.integer("top_n", { min: 1 }),
  returns: field.boolean("return_documents"),
  rankFields: field.list("rank_fields", field.string("rank_fields")),
  perDocument: field.integer("max_tokens_per_doc", { min: 1 }),
  chunks: field.integer("max_chunks_per_doc", { min: 1 }),
};

/** `POST /v2/rerank`. @see https://docs.cohere.com/reference/rerank */
export const rerankV2 = rerankOperation("2");

/** `POST /v1/rerank`, the older form, which also gives the documents back. */
export const rerankV1 = rerankOperation("1");

function rerankOperation(version: "1" | "2"): Operation {
  return {
    name: "rerank",
    method: "POST",
    route: `/v${version}/rerank`,
    open({ body, count }) {
      const json = openJson(body, ["model"]);
      const model = json.member("model");
      const facts: Facts = {
        model: typeof model === "string" ? model : undefined,
        stream: false,
        promptTokens: () => countTexts(json.whole(), count),
        lastUserMessage: () => queryIn(json.whole()),
      };
      return { facts, ask: () => askRerank(json.whole(), version, facts.promptTokens()) };
    },
  };
}

function queryIn({ query }: JsonObject): string | undefined {
  return typeof query === "string" ? query : undefined;
}

function countTexts(body: JsonObject, count: CountTokens): number {
  const { documents } = body;
  const list: readonly unknown[] = Array.isArray(documents) ? documents : [];
  return list.reduce((sum: number, document) => sum + count(shownAs(document)), count(queryIn(body) ?? ""));
}

/** A document as a text. */
function shownAs(document: unknown): string {
  if (typeof document === "string") return document;
  return isObject(document) && typeof document["text"] === "string" ? document["text"] : JSON.stringify(document);
}

function askRerank(body: JsonObject, version: "1" | "2", promptTokens: number): Ask {
  const model = version === "1" ? readModelOr(body, usualModel) : readModel(body);
  const query = read(body, members.query);
  if (query.trim() === "") refuseRule("query", "query must not be empty or be only whitespace");
  const documents = readDocuments(body);
  const topN = read(body, members.topN) ?? documents.length;
  const returns = version === "1" && read(body, members.returns) === true;
  read(body, members.perDocument);
  read(body, members.chunks);
  return textless({
    model,
    promptTokens,
    write(script) {
      const results = ranked(model, query, documents).slice(0, topN);
      const list = results.map(({ index, score }) => ({
        ...(returns && { document: { text: documents[index] } }),
        index,
        relevance_score: score,
      }));
      const billed = { search_units: Math.ceil(documents.length / documentsInUnit) };
      const meta = { api_version: { version }, billed_units: billed };
      return jsonResponse(script, 0, JSON.stringify({ id: uuidOf(script.id), results: list, meta }));
    },
  });
}

function readDocuments(body: JsonObject): readonly string[] {
  const documents = read(body, members.documents);
  if (documents.length === 0) refuseRule("documents", "list of documents must not be empty");
  if (documents.length > maxDocuments) {
    const most = `must be less than ${maxDocuments}`;
    refuseRule("documents", `number of total max chunks (number of documents * max chunks per doc) ${most}`);
  }
  const fields = read(body, members.rankFields);
  if (fields?.length === 0) {
    refuseRule("rank_fields", "rank_fields cannot be empty, it must either contain at least one field or be omitted");
  }
  return documents.map((document, index) => {
    const text =
      typeof document === "string" ? document : textOfFields(asObject(document, `documents[${index}]`), fields);
    return text === "" ? refuseRule(`documents[${index}]`, `document at index ${index} cannot be empty`) : text;
  });
}

function textOfFields(document: JsonObject, fields: readonly string[] | undefined): string {
  if (fields === undefined) return shownAs(document);
  return fields.map((name) => `${name}: ${shownAs(document[name] ?? "")}`).join("\n");
}

type Ranked = { readonly index: number; readonly score: number };

/** The documents by how many words they share with the query, the most alike first. */
function ranked(model: string, query: string, documents: readonly string[]): Ranked[] {
  const { floats } = embed(model, query, dimensions);
  return documents
    .map((document, index) => ({ index, score: scoreOf(floats, embed(model, document, dimensions).floats) }))
    .sort((one, other) => other.score - one.score);
}

/** Vectors of length 1 that are alike have a product near 1; a score is within 0 and 1. */
function scoreOf(query: Float32Array, document: Float32Array): number {
  let product = 0;
  for (let at = 0; at < query.length; at += 1) product += (query[at] ?? 0) * (document[at] ?? 0);
  return Number((1 / (1 + Math.exp(-10 * (product - 0.4)))).toFixed(8));
}

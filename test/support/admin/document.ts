import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { openApiText } from "../../../src/admin/openapi/api.ts";
import { schemaText } from "../../../src/config/document.ts";

type Operation = {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
};
type Document = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: object;
};

/** One response of the admin API. */
export type Told = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly type: string;
  readonly text: string;
};

let known: { readonly document: Document; readonly ajv: Ajv2020 } | undefined;

/** With schemas that allow no further members: what is sent must all be described. */
function load(): { readonly document: Document; readonly ajv: Ajv2020 } {
  if (known !== undefined) return known;
  const document = closed(JSON.parse(openApiText())) as Document;
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, "api");
  ajv.addSchema(JSON.parse(schemaText()), "stuntdouble.schema.json");
  return (known = { document, ajv });
}

/**
 * What of a response is not as the OpenAPI document has it.
 *
 * @returns undefined where it is, or the document has no such operation
 */
export function differenceFrom({ method, path, status, type, text }: Told): string | undefined {
  const { document, ajv } = load();
  const template = templateOf(Object.keys(document.paths), path);
  const operation = template === undefined ? undefined : document.paths[template]?.[method.toLowerCase()];
  if (template === undefined || operation === undefined) return undefined;
  const told = `${method} ${path} responded with ${status} ${type}`;
  const response = operation.responses[status];
  if (response === undefined) return `${told}: the document has no such status.`;
  if (text === "") return undefined;
  const media = type.replace(/;.*$/s, "");
  if (response.content?.[media] === undefined) return `${told}: the document has no such content type.`;
  if (!media.endsWith("json")) return undefined;
  const place = ["paths", template, method.toLowerCase(), "responses", String(status), "content", media, "schema"];
  const isLines = media.endsWith("ndjson");
  const validate = ajv.getSchema(pointerTo(isLines ? [...place, "x-line"] : place));
  const texts = isLines ? text.split("\n").filter((line) => line !== "") : [text];
  const wrong = texts.map((each) => errorsOf(validate, each)).find((errors) => errors !== undefined);
  return wrong === undefined ? undefined : `${told}: ${wrong}`;
}

/** What of the data of an event of the live stream is not as the document has it; undefined where all is. */
export function eventDifferenceFrom(event: "state" | "delta", text: string): string | undefined {
  const { ajv } = load();
  const media = ["paths", "/admin/v1/live", "get", "responses", "200", "content", "text/event-stream", "schema"];
  return errorsOf(ajv.getSchema(pointerTo([...media, "x-events", event, "data"])), text);
}

function errorsOf(validate: ValidateFunction | undefined, text: string): string | undefined {
  if (validate === undefined) return "the document has no schema for it.";
  return validate(JSON.parse(text)) ? undefined : JSON.stringify(validate.errors?.slice(0, 5), undefined, 1);
}

function pointerTo(place: readonly string[]): string {
  const parts = place.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1")));
  return `api#/${parts.join("/")}`;
}

/** The path of the document that a path is one of; exact ones go first. */
function templateOf(templates: readonly string[], path: string): string | undefined {
  if (templates.includes(path)) return path;
  return templates.find((template) => {
    const pattern = template.replaceAll(/[.]/g, String.raw`\.`).replace("{id}", "[^/]+");
    return template.includes("{id}") && new RegExp(`^${pattern}$`).test(path);
  });
}

function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, each]): [string, unknown] => [name, closed(each)]);
  const members = Object.fromEntries(entries);
  const isShape = members["type"] === "object" && "properties" in members && !("additionalProperties" in members);
  return isShape && !isProblem(members) ? { ...members, additionalProperties: false } : members;
}

/** A problem may have members of its own. */
function isProblem({ properties }: Readonly<Record<string, unknown>>): boolean {
  return typeof properties === "object" && properties !== null && "title" in properties && "detail" in properties;
}

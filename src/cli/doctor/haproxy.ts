import { readFile } from "node:fs/promises";
import path from "node:path";
import type { Io } from "../args.ts";
import { fail, ok, warn, type Check } from "./types.ts";

/** A section of a configuration of HAProxy; what `defaults` say holds for those below it. */
type Section = {
  readonly kind: string;
  readonly name: string;
  readonly lines: readonly string[];
  readonly defaults: readonly string[];
};

const proxies: ReadonlySet<string> = new Set(["frontend", "backend", "listen"]);
const minTimeoutMs = 300_000;

/** Checks what HAProxy's configuration does to streams of tokens. */
export async function haproxyChecks(file: string, { cwd }: Pick<Io, "cwd">): Promise<Check[]> {
  let text: string;
  try {
    text = await readFile(path.resolve(cwd, file), "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [fail(file, `it cannot be read: ${reason}`, "give the file that HAProxy is started with")];
  }
  const sections = sectionsOf(text).filter(({ kind }) => proxies.has(kind));
  if (sections.length === 0)
    return [fail(file, "it has no frontend, backend or listen", "give the file that HAProxy is started with")];
  return [
    delayCheck(file, sections),
    timeoutCheck(file, sections, "client"),
    timeoutCheck(file, sections, "server"),
    bufferCheck(file, sections),
    retryCheck(file, sections),
    readinessCheck(file, sections),
  ];
}

function sectionsOf(text: string): Section[] {
  const sections: { kind: string; name: string; lines: string[]; defaults: readonly string[] }[] = [];
  let defaults: readonly string[] = [];
  for (const raw of text.split("\n")) {
    const line = withoutComment(raw).trim().replaceAll(/\s+/g, " ");
    if (line === "") continue;
    if (/^\S/.test(raw)) {
      const [kind = "", name = ""] = line.split(" ");
      const section = { kind, name, lines: [], defaults };
      sections.push(section);
      if (kind === "defaults") defaults = section.lines;
    } else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, "$1");
}

/** What holds in a section: its own word, else that of its defaults. */
function lastOf({ lines, defaults }: Section, pattern: RegExp): RegExpExecArray | undefined {
  const found = [...defaults, ...lines].map((line) => pattern.exec(line)).filter((match) => match !== null);
  return found.at(-1);
}

function has(section: Section, option: string): boolean {
  return (
    lastOf(section, new RegExp(`^(no )?option ${option}$`))?.[1] === undefined &&
    lastOf(section, new RegExp(`^option ${option}$`)) !== undefined
  );
}

function shownName({ kind, name }: Section): string {
  return `${kind} ${name}`.trim();
}

function delayCheck(file: string, sections: readonly Section[]): Check {
  const name = `${file}: option http-no-delay`;
  const lacking = sections.filter((section) => !has(section, "http-no-delay"));
  if (lacking.length === 0) return ok(name, "it is set everywhere");
  const found = `it is not set in ${lacking.map(shownName).join(", ")}: tokens of a stream arrive in lumps`;
  return fail(name, found, "add to defaults: option http-no-delay");
}

function timeoutCheck(file: string, sections: readonly Section[], side: "client" | "server"): Check {
  const name = `${file}: timeout ${side}`;
  const kinds = side === "client" ? ["frontend", "listen"] : ["backend", "listen"];
  const used = sections.filter(({ kind }) => kinds.includes(kind));
  const pattern = new RegExp(`^timeout ${side} (\\d+)(us|ms|s|m|h|d)?$`);
  const next = `add to defaults: timeout ${side} 10m`;
  for (const section of used) {
    const [, count, unit = "ms"] = lastOf(section, pattern) ?? [];
    if (count === undefined)
      return warn(name, `${shownName(section)} has none: connections that are dead stay open for ever`, next);
    if (Number(count) * (units[unit] ?? 1) < minTimeoutMs) {
      const found = `${count}${unit} in ${shownName(section)}: it ends calls whose model is silent for longer`;
      return warn(name, found, next);
    }
  }
  return ok(name, "it is 5 minutes or more everywhere");
}

const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function bufferCheck(file: string, sections: readonly Section[]): Check {
  const name = `${file}: buffering`;
  const waiting = sections.filter(
    (section) => has(section, "http-buffer-request") || lastOf(section, /^http-response wait-for-body /) !== undefined,
  );
  const packing = sections.filter(
    (section) => lastOf(section, /^(?:compression (?:direction response|algo|type)|filter compression)/) !== undefined,
  );
  if (waiting.length > 0) {
    const found = `${waiting.map(shownName).join(", ")} waits for whole bodies: http-buffer-request or wait-for-body`;
    return warn(name, found, "remove it: the first token waits for it");
  }
  if (packing.length === 0) return ok(name, "nothing waits for whole bodies, and nothing is compressed");
  const found = `${packing.map(shownName).join(", ")} compresses responses, and streams with them`;
  return warn(name, found, "leave text/event-stream out of compression type");
}

function retryCheck(file: string, sections: readonly Section[]): Check {
  const name = `${file}: retries`;
  for (const section of sections) {
    const [line] = lastOf(section, /^retry-on .*/) ?? [];
    const paid = (line ?? "")
      .split(" ")
      .slice(1)
      .filter((word) => word !== "conn-failure" && word !== "none");
    if (paid.length > 0) {
      const found = `${shownName(section)} tries calls again on ${paid.join(", ")}: a provider may have them paid twice`;
      return warn(name, found, "set: retry-on conn-failure");
    }
  }
  return ok(name, "only where no connection was made");
}

function readinessCheck(file: string, sections: readonly Section[]): Check {
  const name = `${file}: health check`;
  const backends = sections.filter(({ kind, name }) => kind !== "frontend" && /stuntdouble/i.test(name));
  const unchecked = backends.filter(
    (section) => lastOf(section, /^http-check .*\/readyz\b|^option httpchk .*\/readyz\b/) === undefined,
  );
  if (backends.length === 0)
    return warn(
      name,
      "no backend is called stuntdouble, so none was checked",
      "check /readyz of the admin port in its backend",
    );
  if (unchecked.length === 0) return ok(name, "/readyz is asked, so a node that drains gets no new calls");
  const found = `${unchecked.map(shownName).join(", ")} does not ask /readyz: a node that drains still gets calls`;
  return warn(
    name,
    found,
    "add: option httpchk, and http-check send meth GET uri /readyz, with check port 8081 on the server",
  );
}

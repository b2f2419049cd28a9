import { providers, type Choices } from "./choices.ts";
import { gatewayPlace } from "./template.ts";

/** What to do after a configuration was written. */
export function nextSteps(choices: Choices, file: string): string {
  const place = gatewayPlace(choices.gateway);
  const gateway = place === undefined ? [] : [["Set up the gateway", place] as const];
  const start = `stuntdouble start --config ${quoted(file)}`;
  const steps: (readonly [title: string, how: string])[] = [
    ["Look for what is in the way", `stuntdouble doctor --config ${quoted(file)}`],
    ["Start it", start],
    ...gateway,
    ["Send a call", callOf(choices)],
    ...afterwards(choices),
  ];
  return `${file} is written. Next:\n${steps.map(([title, how], at) => `  ${at + 1}. ${title}:\n     ${how}\n`).join("")}`;
}

function afterwards({ use }: Choices): (readonly [title: string, how: string])[] {
  const look = ["Look at it", "stuntdouble top, or http://127.0.0.1:8081/ in a browser"] as const;
  switch (use) {
    case "simulate":
      return [look];
    case "chaos":
      return [["Start the experiment", "stuntdouble chaos start --name slow-and-broken"], look];
    case "shadow":
      return [["Ask for the verdict, after some hundred calls", "stuntdouble shadow report"], look];
  }
}

function callOf({ use, provider }: Choices): string {
  const chosen = providers[provider];
  const key = use === "simulate" || !("keyVariable" in chosen) ? undefined : `$${chosen.keyVariable}`;
  if (provider === "anthropic")
    return curl("/v1/messages", {
      headers: [...(key === undefined ? [] : [`x-api-key: ${key}`]), "anthropic-version: 2023-06-01"],
      body: '{"model":"claude-sonnet-4-5","max_tokens":20,"messages":[{"role":"user","content":"Hello"}]}',
    });
  if (provider === "gemini")
    return curl("/v1beta/models/gemini-2.5-flash:generateContent", {
      headers: key === undefined ? [] : [`x-goog-api-key: ${key}`],
      body: '{"contents":[{"parts":[{"text":"Hello"}]}]}',
    });
  return curl(provider === "openrouter" ? "/api/v1/chat/completions" : "/v1/chat/completions", {
    headers: key === undefined ? [] : [`authorization: Bearer ${key}`],
    body: '{"model":"gpt-4o","messages":[{"role":"user","content":"Hello"}]}',
  });
}

function curl(path: string, { headers, body }: { readonly headers: readonly string[]; readonly body: string }): string {
  const all = ["content-type: application/json", ...headers].map((header) => ` -H "${header}"`);
  return `curl -s localhost:8080${path}${all.join("")} -d '${body}'`;
}

function quoted(file: string): string {
  return /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", String.raw`'\''`)}'`;
}

import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { jsonText } from "../../core/json.ts";
import { escapeMarkup } from "../../core/plot/markup.ts";
import type { AdminResponse } from "../resource.ts";
import { pageBody, titles } from "./view/page.ts";
import { partsOf } from "./view/needs.ts";
import type { Props } from "./view/types.ts";

/** A page takes scripts and styles from this server only, and none that stand in it. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

const headers = {
  "content-security-policy": policy,
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "x-frame-options": "DENY",
};

/** A page has the state that its script begins with, unless that is longer: then it waits for the stream. */
const maxState = 100_000;

/** A page as the server makes it: the same figures as the script shows, without it. */
export function pageDocument(props: Props): AdminResponse {
  const { state, view } = props;
  const { page } = view;
  const parts = jsonText(Object.fromEntries(partsOf[page].map((part) => [part, state[part]])));
  const known = parts.length > maxState ? "" : `"state":${parts},`;
  const given = `{${known}"view":${jsonText({ ...view, nowMs: 0 })}}`;
  return html(`Stuntdouble: ${titles[page]}`, [
    `<meta id="given" content='${attribute(given)}'>`,
    `<script type="module" src="/dashboard/script.js"></script>`,
    "</head><body>",
    `<div id="app">${renderToString(h(() => pageBody(props), {}))}</div>`,
  ]);
}

/** JSON as the value of an attribute: nothing in it is changed but what would end it. */
function attribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("'", "&#39;").replaceAll("<", "&lt;");
}

/** Where somebody without a session gives the token. @param error why the last one was refused */
export function loginDocument(error: string | undefined, status: number): AdminResponse {
  const why = error === undefined ? "" : `<p class="notice" role="alert">${escapeMarkup(error)}</p>`;
  return html(
    "Stuntdouble: log in",
    [
      '</head><body><main class="login"><h1>Stuntdouble</h1>',
      why,
      '<form method="post" action="/login"><label for="token">Token of the admin API</label>',
      '<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>',
      "<button>Log in</button></form></main>",
    ],
    status,
  );
}

function html(title: string, rest: readonly string[], status = 200): AdminResponse {
  const text = [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeMarkup(title)}</title>`,
    '<link rel="stylesheet" href="/dashboard/style.css">',
    '<link rel="icon" href="data:,">',
    ...rest,
    "</body></html>\n",
  ].join("");
  return { status, type: "text/html; charset=utf-8", text, headers };
}

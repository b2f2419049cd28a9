import { render } from "preact";
import type { Outcome } from "../../../core/types.ts";
import { withDelta, type Delta, type LiveState } from "../state.ts";
import { pageBody } from "../view/page.ts";
import { watchVerdict } from "./verdict.ts";
import { isPage, type View } from "../view/types.ts";

/** What the page was made with, besides the state. */
function firstView(): View {
  const text = document.querySelector("#view")?.getAttribute("content") ?? "{}";
  // Only the server of this page writes it.
  const given: View = JSON.parse(text);
  return { ...given, page: isPage(given.page) ? given.page : "overview" };
}

let view = firstView();
let state: LiveState | undefined = undefined;
const root = document.querySelector("#app");

/** Forms that are being filled in are not drawn again under the hands of their reader. */
function isTyping(): boolean {
  return document.activeElement instanceof HTMLTextAreaElement || document.activeElement instanceof HTMLSelectElement;
}

function draw(): void {
  if (root === null || state === undefined || isTyping()) return;
  view = { ...view, nowMs: Date.now() };
  render(pageBody({ state, view }), root);
}

function connect(): void {
  const source = new EventSource("/admin/v1/live");
  source.addEventListener("open", () => {
    view = { ...view, connected: true };
  });
  source.addEventListener("state", ({ data }) => {
    // Only the node writes it.
    const whole: LiveState = JSON.parse(data);
    state = whole;
    draw();
  });
  source.addEventListener("delta", ({ data }) => {
    const delta: Delta = JSON.parse(data);
    if (state !== undefined) state = withDelta(state, delta);
    draw();
  });
  source.addEventListener("error", () => {
    view = { ...view, connected: false };
    draw();
  });
}

/** Calls are filtered while the filter is typed, and one is opened without leaving the list. */
function listen(): void {
  document.addEventListener("input", ({ target }) => {
    const form = target instanceof HTMLElement ? target.closest<HTMLFormElement>("form.filter") : null;
    if (form === null) return;
    const data = new FormData(form);
    view = { ...view, filter: { text: textOf(data, "text"), mode: textOf(data, "mode") } };
    if (target instanceof HTMLSelectElement) target.blur();
    draw();
  });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof HTMLElement ? event.target.closest("a") : null;
    const id = link === null ? null : new URL(link.href).searchParams.get("id");
    if (link?.pathname !== "/dashboard/requests" || id === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    history.replaceState(undefined, "", link.href);
    void open(id);
  });
}

function textOf(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value : "";
}

async function open(id: string): Promise<void> {
  const response = await fetch(`/admin/v1/requests/${encodeURIComponent(id)}`);
  if (!response.ok) return;
  const call: Outcome = await response.json();
  view = { ...view, call };
  draw();
  document.querySelector("#main")?.scrollIntoView();
}

listen();
connect();
if (view.page === "shadow")
  watchVerdict((news) => {
    view = { ...view, ...news };
    draw();
  });

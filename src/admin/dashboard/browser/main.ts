import { render } from "preact";
import { withDelta, type Delta, type LiveState } from "../state.ts";
import { partsOf } from "../view/needs.ts";
import { pageBody } from "../view/page.ts";
import { watchVerdict } from "./verdict.ts";
import { filterOf, filterQuery, type Filter } from "../view/filter.ts";
import type { View } from "../view/types.ts";

/** What the page was made with. Of the state, it has the parts that the page shows, or nothing where those are too long. */
type Given = { readonly state?: LiveState; readonly view: View };

function given(): Given {
  const text = document.querySelector("#given")?.getAttribute("content") ?? "{}";
  // Only the server of this page writes it.
  const { view, ...rest }: Given = JSON.parse(text);
  return { ...rest, view: { ...view, filter: typedFilter() ?? view.filter } };
}

/** What stands in the form of the filter, which may have been typed before this script was there. */
function typedFilter(): Filter | undefined {
  const form = document.querySelector<HTMLFormElement>("form.filter");
  if (form === null) return undefined;
  const data = new FormData(form);
  return filterOf((name) => textOf(data, name));
}

let { state, view } = given();
const root = document.querySelector("#app");

/** Forms that are being filled in are not drawn again under the hands of their reader. */
function isTyping(): boolean {
  return document.activeElement instanceof HTMLTextAreaElement || document.activeElement instanceof HTMLSelectElement;
}

function draw(): void {
  if (root === null || state === undefined || isTyping()) return;
  if (view.page === "config" && state.reloadedAtMs !== (view.texts?.last?.atMs ?? 0)) return location.reload();
  view = { ...view, nowMs: Date.now() };
  render(pageBody({ state, view }), root);
  root.setAttribute("data-drawn", "");
}

/** Follows the node, as long as the page is seen. */
function follow(): void {
  let source: EventSource | undefined;
  const turn = (): void => {
    source?.close();
    source = document.visibilityState === "visible" ? connection() : undefined;
  };
  document.addEventListener("visibilitychange", turn);
  turn();
}

function connection(): EventSource {
  const source = new EventSource(`/admin/v1/live?parts=${partsOf[view.page].join(",")}`);
  source.addEventListener("open", () => {
    view = { ...view, connected: true };
    draw();
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
  return source;
}

/** Calls are filtered while the filter is typed, and what is to be copied is. */
function listen(): void {
  document.addEventListener("input", ({ target }) => {
    const isFilter = target instanceof HTMLElement && target.closest("form.filter") !== null;
    const filter = isFilter ? typedFilter() : undefined;
    if (filter === undefined) return;
    view = { ...view, filter };
    if (target instanceof HTMLSelectElement) target.blur();
    history.replaceState(undefined, "", addressOf(view.filter));
    draw();
  });
  document.addEventListener("click", ({ target }) => {
    const button = target instanceof HTMLElement ? target.closest<HTMLElement>("[data-copy]") : null;
    if (button !== null) void copy(button);
    if (target instanceof HTMLElement && target.closest("[data-hold]") !== null) hold();
  });
}

/** Has the list of calls stay as it is, or go on. */
function hold(): void {
  view = { ...view, held: view.held === undefined ? state?.calls : undefined };
  draw();
}

function textOf(data: FormData, name: string): string {
  const value = data.get(name);
  return typeof value === "string" ? value : "";
}

/** So that the filter is still there when the page is loaded again, and a call that is open is open. */
function addressOf(filter: Filter): string {
  const id = view.call === undefined ? "" : `&id=${encodeURIComponent(view.call.id)}`;
  const query = (id + filterQuery(filter)).replace("&", "?");
  return `${location.pathname}${query}`;
}

/** Copies a text; where the browser does not allow that, it is selected. */
async function copy(button: HTMLElement): Promise<void> {
  const source = document.querySelector(`#${button.dataset["copy"] ?? ""}`);
  if (source === null) return;
  const told = button.nextElementSibling;
  try {
    await navigator.clipboard.writeText(source.textContent);
    if (told !== null) told.textContent = " Copied.";
  } catch {
    getSelection()?.selectAllChildren(source);
    if (told !== null) told.textContent = " Selected: copy it with the keyboard.";
  }
}

listen();
draw();
follow();
if (view.page === "shadow")
  watchVerdict((news) => {
    view = { ...view, ...news };
    draw();
  });

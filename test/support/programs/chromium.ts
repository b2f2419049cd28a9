import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { findProgram } from "./index.ts";

/** Finds Chromium or Chrome. */
export function findChromium(): string | undefined {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  return names.map((name) => findProgram(name, "STUNTDOUBLE_CHROMIUM")).find((found) => found !== undefined);
}

/** One page in a browser without a window. */
export type Page = {
  /** Shows a file at a width, in a light or dark theme. */
  show(file: string, look: { readonly width: number; readonly theme: "light" | "dark" }): Promise<void>;
  /** The value of an expression in the page. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** What the page has logged, its breaches of the content security policy among them. */
  readonly logged: readonly string[];
  stop(): Promise<void>;
};

type Message = {
  readonly id?: number;
  readonly method?: string;
  readonly params?: { readonly entry?: { readonly text: string } };
  readonly result?: { readonly result?: { readonly value?: unknown } };
  readonly error?: { readonly message: string };
};

/** Starts a browser with an empty profile. */
export async function startChromium(program: string): Promise<Page> {
  const profile = await mkdtemp(path.join(tmpdir(), "stuntdouble-chromium-"));
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--remote-debugging-port=0",
    `--user-data-dir=${profile}`,
  ];
  const child = spawn(program, [...flags, "about:blank"], { stdio: ["ignore", "ignore", "pipe"] });
  const port = await debuggingPort(child.stderr);
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    type: string;
    webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
  await once(socket, "open");
  const logged: string[] = [];
  const waiting = new Map<number, (message: Message) => void>();
  const events = new EventTarget();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.params?.entry !== undefined) logged.push(message.params.entry.text);
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.method !== undefined) events.dispatchEvent(new Event(message.method));
  });
  let last = 0;
  const send = async (method: string, params: object = {}): Promise<Message> => {
    const id = (last += 1);
    const { promise, resolve } = Promise.withResolvers<Message>();
    waiting.set(id, resolve);
    socket.send(JSON.stringify({ id, method, params }));
    const reply = await promise;
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
    return reply;
  };
  for (const domain of ["Page", "Log", "Runtime"]) await send(`${domain}.enable`);
  return {
    logged,
    async show(file, { width, theme }) {
      await send("Emulation.setDeviceMetricsOverride", {
        width,
        height: 900,
        deviceScaleFactor: 1,
        mobile: width < 700,
      });
      await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: theme }] });
      const loaded = once(events, "Page.loadEventFired");
      await send("Page.navigate", { url: pathToFileURL(file).href });
      await loaded;
    },
    async evaluate<Value>(expression: string) {
      const { result } = await send("Runtime.evaluate", { expression, returnByValue: true });
      return result?.result?.value as Value;
    },
    async stop() {
      socket.close();
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function debuggingPort(stderr: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of stderr) {
    text += String(chunk);
    const found = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(text);
    if (found?.[1] !== undefined) return found[1];
  }
  throw new Error(`The browser has ended: ${text}`);
}

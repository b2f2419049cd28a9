import { loadText, type Loaded, type Settings } from "../../src/config/load.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Reads the text of a configuration as if it stood in a file. */
export async function load(text: string, env: Env = {}): Promise<Loaded> {
  return await loadText(text, { folder: ".", env, generation: 1 });
}

/** The settings of a configuration that has no errors. */
export async function settingsFrom(text: string, env: Env = {}): Promise<Settings> {
  const loaded = await load(text, env);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.settings;
}

/** `line:column path`, message and nearest of each error. */
export async function mistakesIn(
  text: string,
  env: Env = {},
): Promise<[place: string, message: string, nearest: string | undefined][]> {
  const loaded = await load(text, env);
  const errors = loaded.ok ? [] : loaded.errors;
  return errors.map(({ line, column, path, message, nearest }) => [`${line}:${column} ${path}`, message, nearest]);
}

import { stripTypeScriptTypes } from "node:module";
import { parentPort } from "node:worker_threads";

/** Takes the types out of modules: gets their texts, gives them back as JavaScript. */
parentPort?.on("message", (texts: readonly string[]) => {
  parentPort?.postMessage(texts.map((text) => stripTypeScriptTypes(text)));
  parentPort?.close();
});

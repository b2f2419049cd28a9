#!/usr/bin/env -S node --max-semi-space-size=4
/** The program of the package. An older Node can load no other file of it, so this one says what is missing. */
const wanted = 24;
if (Number.parseInt(process.versions.node, 10) >= wanted) await import("../main.ts");
else {
  process.stderr.write(`stuntdouble needs Node ${wanted} or newer; this is Node ${process.versions.node}.\n`);
  process.exitCode = 1;
}

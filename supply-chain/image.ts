import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";

const usage = `Builds the container image, and writes what it is made of beside it.

  npm run image -- [--tag NAME] [--node-image IMAGE] [--out FOLDER]

  --tag NAME          name of the image; default: stuntdouble
  --node-image IMAGE  image that Node is taken from; a digest fixes it: node:24.21.0-bookworm-slim@sha256:…
  --out FOLDER        where sbom.cdx.json and provenance.json go; default: dist/image

provenance.json is an in-toto statement with a SLSA provenance of version 1: which commit, lockfile and base image the image was
made of. It is not signed.
`;

function run(program: string, args: readonly string[]): string {
  return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
}

const sha256 = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** What the image is made of. */
type Source = { readonly revision: string; readonly created: string; readonly version: string };

function sourceOf(): Source {
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
  const changed = run("git", ["status", "--porcelain"]) !== "";
  const revision = run("git", ["rev-parse", "HEAD"]) + (changed ? "-modified" : "");
  return { version, revision, created: run("git", ["log", "-1", "--format=%cI"]) };
}

function defaultNodeImage(): string {
  const [, image] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync("docker/Dockerfile", "utf8")) ?? [];
  if (image === undefined) throw new Error("docker/Dockerfile has no line ARG NODE_IMAGE=…");
  return image;
}

type Built = Source & { readonly tag: string; readonly id: string; readonly nodeImage: string };

function provenanceOf({ tag, id, nodeImage, revision, created, version }: Built): object {
  const nodeId = run("docker", ["image", "inspect", "--format", "{{.Id}}", nodeImage]);
  const commit = revision.replace(/-modified$/, "");
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: tag, digest: { sha256: id.replace(/^sha256:/, "") } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "urn:stuntdouble:dockerfile:v1",
        externalParameters: { dockerfile: "docker/Dockerfile", nodeImage, version, revision, created },
        resolvedDependencies: [
          { name: "source", digest: { gitCommit: commit } },
          ...["package-lock.json", "docker/Dockerfile"].map((name) => ({ name, digest: { sha256: sha256(name) } })),
          { name: nodeImage, digest: { sha256: nodeId.replace(/^sha256:/, "") } },
        ],
      },
      runDetails: { builder: { id: `urn:docker:${run("docker", ["version", "--format", "{{.Server.Version}}"])}` } },
    },
  };
}

const { values } = parseArgs({
  options: {
    tag: { type: "string", default: "stuntdouble" },
    "node-image": { type: "string", default: defaultNodeImage() },
    out: { type: "string", default: "dist/image" },
    help: { type: "boolean", default: false },
  },
});

function build(): void {
  const { tag, "node-image": nodeImage, out } = values;
  const source = sourceOf();
  const args = { NODE_IMAGE: nodeImage, VERSION: source.version, REVISION: source.revision, CREATED: source.created };
  const given = Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  // The network of the host, because packages may come from a registry that only the host reaches.
  run("docker", ["build", "--network", "host", "-q", "-f", "docker/Dockerfile", "-t", tag, ...given, "."]);
  const id = run("docker", ["image", "inspect", "--format", "{{.Id}}", tag]);
  mkdirSync(out, { recursive: true });
  const container = run("docker", ["create", tag]);
  try {
    run("docker", ["cp", `${container}:/usr/share/doc/stuntdouble/sbom.cdx.json`, path.join(out, "sbom.cdx.json")]);
  } finally {
    run("docker", ["rm", container]);
  }
  const provenance = provenanceOf({ ...source, tag, id, nodeImage });
  writeFileSync(path.join(out, "provenance.json"), `${JSON.stringify(provenance, undefined, 2)}\n`);
  const bytes = Number(run("docker", ["image", "inspect", "--format", "{{.Size}}", tag]));
  process.stdout.write(`${tag}: ${(bytes / 1e6).toFixed(1)} MB, ${id}\n${out}: sbom.cdx.json, provenance.json\n`);
}

if (values.help) process.stdout.write(usage);
else build();

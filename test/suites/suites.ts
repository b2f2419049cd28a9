import { existsSync } from "node:fs";
import path from "node:path";

/** One tool that is run against a server, by a program that prints a line for each check. */
export type Suite = {
  /** As the table of `docs/clients.md` names it. */
  readonly tool: string;
  /** The packages whose versions the table shows. */
  readonly packages: readonly string[];
  /** The virtual environment of a Python program; a program without one is run by Node. */
  readonly environment?: string;
  /** Path of the program. */
  readonly program: string;
  /** Whether `--check` runs it. */
  readonly quick: boolean;
  /** Max time of the program, in seconds. */
  readonly timeoutSeconds: number;
};

type Options = { readonly packages?: readonly string[]; readonly environment?: string; readonly quick?: boolean };

const here = import.meta.dirname;

function python(tool: string, { packages = [tool], environment = tool, quick = false }: Options = {}): Suite {
  const program = path.join(here, "python", `with_${tool.replaceAll("-", "_")}.py`);
  return { tool, packages, environment, program, quick, timeoutSeconds: 300 };
}

function npm(tool: string, { packages = [tool], quick = true }: Options = {}): Suite {
  const program = path.join(here, "npm", `with-${tool.replaceAll(/[@/]+/g, "-").replace(/^-/, "")}.ts`);
  return { tool: `${tool} (npm)`, packages, program, quick, timeoutSeconds: 120 };
}

/** The environment that the clients of the providers share; the tests use it as well. */
const clients = { environment: "clients", quick: true } as const;

/** Every suite, in the order of the table. */
export const suites: readonly Suite[] = [
  python("openai", clients),
  python("anthropic", clients),
  python("google-genai", clients),
  python("ollama", clients),
  python("groq", clients),
  python("mistralai", clients),
  python("cohere", clients),
  python("boto3", clients),
  python("instructor"),
  python("pydantic-ai", { packages: ["pydantic-ai-slim"] }),
  python("openai-agents"),
  python("langchain", { packages: ["langchain", "langchain-openai", "langchain-anthropic", "langchain-google-genai"] }),
  python("llama-index", { packages: ["llama-index-core", "llama-index-llms-openai", "llama-index-llms-anthropic"] }),
  python("dspy"),
  python("litellm"),
  python("guidellm"),
  python("aiperf"),
  npm("ai", { packages: ["ai", "@ai-sdk/openai", "@ai-sdk/anthropic"] }),
].filter(({ program }) => existsSync(program));

/** What somebody may want of a node. */
export const uses = {
  simulate: "simulate a provider: no key, no cost, nothing leaves this machine",
  chaos: "break calls on their way to a provider, on purpose and for a time",
  shadow: "forward all calls, and compare the simulation with the provider",
} as const;

export type Use = keyof typeof uses;

type ProviderChoice = {
  readonly label: string;
  readonly url: string;
  /** The environment variable that usually holds its key; absent where there is none. */
  readonly keyVariable?: string;
  readonly dialect: string;
};

export const providers = {
  openai: { label: "OpenAI", url: "https://api.openai.com", keyVariable: "OPENAI_API_KEY", dialect: "openai" },
  anthropic: {
    label: "Anthropic",
    url: "https://api.anthropic.com",
    keyVariable: "ANTHROPIC_API_KEY",
    dialect: "anthropic",
  },
  gemini: {
    label: "Google Gemini",
    url: "https://generativelanguage.googleapis.com",
    keyVariable: "GEMINI_API_KEY",
    dialect: "gemini",
  },
  mistral: { label: "Mistral", url: "https://api.mistral.ai", keyVariable: "MISTRAL_API_KEY", dialect: "mistral" },
  openrouter: {
    label: "OpenRouter",
    url: "https://openrouter.ai",
    keyVariable: "OPENROUTER_API_KEY",
    dialect: "openrouter",
  },
  vllm: { label: "vLLM, on this machine", url: "http://127.0.0.1:8000", dialect: "vllm" },
  ollama: { label: "Ollama, on this machine", url: "http://127.0.0.1:11434", dialect: "ollama" },
} as const satisfies Readonly<Record<string, ProviderChoice>>;

export type Provider = keyof typeof providers;

/** What stands in front of a node; each but `none` and `ext-proc` has a folder in plugins/. */
export const gateways = {
  none: "none: clients call the node itself",
  haproxy: "HAProxy",
  envoy: "Envoy, with Stuntdouble as one of its upstreams",
  "ext-proc": "Envoy, which asks Stuntdouble about each call (ext_proc)",
  nginx: "nginx",
  caddy: "Caddy",
  traefik: "Traefik",
  litellm: "LiteLLM proxy",
  "envoy-gateway": "Envoy Gateway",
  istio: "Istio",
  kong: "Kong",
  apisix: "Apache APISIX",
} as const;

export type Gateway = keyof typeof gateways;

/** All that decides what is written. */
export type Choices = { readonly use: Use; readonly provider: Provider; readonly gateway: Gateway };

/** Whether a word is one of the names of a list of choices. */
export function isChoice<Name extends string>(of: Readonly<Record<Name, unknown>>, word: string): word is Name {
  return Object.hasOwn(of, word);
}

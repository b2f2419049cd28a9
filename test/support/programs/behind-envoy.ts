import { startEnvoy, type Envoy, type EnvoyOptions, type EnvoyPlace } from "./envoy.ts";
import { startNode, type Node } from "../node.ts";

type ConfigObject = Readonly<Record<string, unknown>>;

/** A sidecar and the Envoy in front of it. */
export type BehindEnvoy = {
  readonly node: Node;
  readonly envoy: Envoy;
  /** A chat request through Envoy. */
  chat(headers?: Readonly<Record<string, string>>, body?: object, signal?: AbortSignal): Promise<Response>;
  stop(): Promise<void>;
};

/** Starts both; callers may use the control header. */
export async function startBehindEnvoy(
  place: EnvoyPlace,
  config: ConfigObject = {},
  options: Omit<EnvoyOptions, "extProcPort"> = {},
  env: Readonly<Record<string, string>> = {},
): Promise<BehindEnvoy> {
  const node = await startNode({ extProc: {}, control: { enabled: true }, ...config }, { env });
  const envoy = await startEnvoy(place, { ...options, extProcPort: node.app.extProcPort! });
  return {
    node,
    envoy,
    chat: (headers = {}, body = {}, signal) =>
      fetch(`${envoy.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Say hello" }], ...body }),
        ...(signal !== undefined && { signal }),
      }),
    async stop() {
      await envoy.stop();
      await node.stop();
    },
  };
}

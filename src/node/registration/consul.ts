import { createService, type Service, type ServiceAddress } from "../../config/store/request.ts";
import type { Settings } from "../../config/load.ts";
import { secretOf } from "../../config/values.ts";
import type { Log } from "../../emit/log.ts";
import type { Clock } from "../../limits/clock.ts";
import { reasonOf } from "../kept-file.ts";
import { serviceDefinition, type BoundPorts, type ServiceDefinition } from "./definition.ts";

/** What a registration is kept with. */
export type RegistrationOptions = {
  /** Its timers must not keep the process alive. */
  readonly clock: Clock;
  readonly log: Log;
  settings(): Settings;
};

/** A node as a service of Consul. What goes wrong with it is logged, and never stops the node. */
export type Registration = {
  /** Registers the node where the configuration says so, and sees to it that it stays registered. */
  start(ports: BoundPorts): void;
  /** Whether the agent knows the node; undefined where it is not to. */
  isRegistered(): boolean | undefined;
  /** Takes the node out of the service, so that nobody finds it any more. Waits for the agent for a while. */
  close(): Promise<void>;
};

/** How often the agent is asked whether it still knows the node; a failed attempt is repeated sooner at first. */
const lookEveryMs = 10_000;
const firstRetryMs = 500;
const timeoutMs = 2000;
const maxResponseBytes = 1024 * 1024;

/** Makes the registration of a node; it does nothing before `start`. */
export function createRegistration(options: RegistrationOptions): Registration {
  return new ConsulRegistration(options);
}

/** An agent, and what is registered there. */
type Agent = { readonly key: string; readonly service: Service };
type AgentPlace = { readonly url: string; readonly token: string; readonly pem: NonNullable<ServiceAddress["pem"]> };
type Wanted = { readonly agent: Agent; readonly definition: ServiceDefinition };

class ConsulRegistration implements Registration {
  readonly #options: RegistrationOptions;
  #ports: BoundPorts | undefined;
  #agent: Agent | undefined;
  #registered: Wanted | undefined;
  #isKnown = false;
  #cancel: (() => void) | undefined;
  #failures = 0;
  #lastReason: string | undefined;
  #looking: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  start(ports: BoundPorts) {
    this.#ports = ports;
    this.#looking = this.#look();
  }

  readonly isRegistered = () => (this.#options.settings().config.register === undefined ? undefined : this.#isKnown);

  async close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancel?.();
    await this.#looking;
    if (this.#registered !== undefined) {
      const { ID: id } = this.#registered.definition;
      try {
        await this.#deregister(this.#registered);
        this.#options.log.info({ id }, "deregistered from Consul");
      } catch (error) {
        this.#options.log.warn({ id, reason: reasonOf(error) }, "could not deregister from Consul");
      }
    }
    await this.#agent?.service.close();
  }

  async #look(): Promise<void> {
    try {
      await this.#keepRegistered();
      this.#failures = 0;
    } catch (error) {
      this.#failed(reasonOf(error));
    }
    if (this.#isClosed) return;
    const delayMs = this.#failures === 0 ? lookEveryMs : firstRetryMs * 2 ** Math.min(this.#failures - 1, 5);
    this.#cancel = this.#options.clock.wake(Math.min(lookEveryMs, delayMs), () => void (this.#looking = this.#look()));
  }

  #failed(reason: string): void {
    this.#failures += 1;
    this.#isKnown = false;
    if (reason !== this.#lastReason)
      this.#options.log.warn(
        { reason },
        "could not register with Consul; the node serves all the same, and tries again",
      );
    this.#lastReason = reason;
  }

  async #keepRegistered(): Promise<void> {
    const wanted = this.#wanted();
    const before = this.#registered;
    if (before !== undefined && (wanted === undefined || !isSamePlace(before, wanted))) {
      await this.#deregister(before);
      if (before.agent !== this.#agent) await before.agent.service.close();
    }
    if (wanted === undefined) return;
    const isChanged = this.#registered === undefined || !isSame(this.#registered.definition, wanted.definition);
    if (!isChanged && (await knows(wanted))) {
      this.#isKnown = true;
      return;
    }
    await put(wanted.agent.service, "/v1/agent/service/register", wanted.definition);
    this.#registered = wanted;
    this.#isKnown = true;
    this.#lastReason = undefined;
    const { ID: id, Name: name } = wanted.definition;
    this.#options.log.info({ id, name, again: before !== undefined }, "registered with Consul");
  }

  async #deregister({ agent, definition }: Wanted): Promise<void> {
    this.#isKnown = false;
    this.#registered = undefined;
    await put(agent.service, `/v1/agent/service/deregister/${encodeURIComponent(definition.ID)}`, undefined);
  }

  #wanted(): Wanted | undefined {
    const { config, env, registerFiles = {} } = this.#options.settings();
    const { register } = config;
    if (register === undefined || this.#ports === undefined) return undefined;
    const { url, tokenEnv, tls } = register.consul;
    const pem = { ...registerFiles, ...(tls?.serverName !== undefined && { servername: tls.serverName }) };
    const token = tokenEnv === undefined ? "" : secretOf(env[tokenEnv] ?? "");
    return {
      agent: this.#agentAt({ url, token, pem }),
      definition: serviceDefinition(register.consul, config, this.#ports),
    };
  }

  #agentAt({ url, token, pem }: AgentPlace): Agent {
    const key = JSON.stringify([url, token, pem]);
    if (this.#agent?.key === key) return this.#agent;
    const isSecret = token !== "";
    const service = createService({
      origin: url.replace(/\/+$/, ""),
      tls: {},
      pem,
      headers: isSecret ? { "x-consul-token": token } : {},
      secrets: isSecret ? [token] : [],
    });
    this.#agent = { key, service };
    return this.#agent;
  }
}

function isSamePlace(one: Wanted, other: Wanted): boolean {
  return one.agent === other.agent && one.definition.ID === other.definition.ID;
}

function isSame(one: ServiceDefinition, other: ServiceDefinition): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** An agent that is cut off must not hold up the end of the node by its connection either. */
function limits(): { readonly timeoutMs: number; readonly signal: AbortSignal } {
  return { timeoutMs, signal: AbortSignal.timeout(timeoutMs) };
}

/** An agent that was restarted may have forgotten its services. */
async function knows({ agent, definition }: Wanted): Promise<boolean> {
  const path = `/v1/agent/service/${encodeURIComponent(definition.ID)}`;
  const response = await agent.service.send({ method: "GET", path, ...limits() });
  if (response.status !== 200 && response.status !== 404) throw await agent.service.refusal(response);
  await response.text(maxResponseBytes);
  return response.status === 200;
}

async function put(service: Service, path: string, json: unknown): Promise<void> {
  const response = await service.send({ method: "PUT", path, json, ...limits() });
  if (response.status !== 200) throw await service.refusal(response);
  await response.text(maxResponseBytes);
}

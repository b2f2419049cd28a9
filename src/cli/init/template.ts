import { gateways, providers, uses, type Choices, type Gateway } from "./choices.ts";

/** The text of a configuration for these choices, which says what each part is for. */
export function configText(choices: Choices): string {
  return [
    headPart(choices),
    ...(choices.gateway === "ext-proc" ? [extProcPart] : []),
    ...(choices.use === "simulate" ? [] : [upstreamPart(choices)]),
    ...bodyParts(choices),
  ].join("\n");
}

function headPart({ use }: Choices): string {
  return `# A configuration of Stuntdouble, to ${uses[use]}.
#   stuntdouble check FILE            is it valid?
#   stuntdouble start --config FILE   run it; a change to this file takes effect at once
# Every key is explained in docs/configuration.md.

# Clients call the traffic port. The admin port has the dashboard, metrics and the admin API, for this machine only.
listen: { port: 8080 }
admin: { host: 127.0.0.1, port: 8081 }
`;
}

const extProcPart = `# Envoy's ext_proc filter asks here what to do with each call; envoy/ext-proc.yaml is Envoy's side of it.
extProc: { host: 127.0.0.1, port: 8082 }
`;

function upstreamPart({ provider }: Choices): string {
  const chosen = providers[provider];
  const key =
    "keyVariable" in chosen
      ? `    # The caller's own key is passed on. To use one of the node's, set the environment variable and take away the #:
    # apiKeyEnv: ${chosen.keyVariable}
`
      : "";
  return `# The real provider.
upstreams:
  ${provider}:
    url: ${chosen.url}
    dialect: ${chosen.dialect}
${key}`;
}

function bodyParts(choices: Choices): string[] {
  switch (choices.use) {
    case "simulate":
      return [simulatePart];
    case "chaos":
      return [chaosPart(choices)];
    case "shadow":
      return [shadowPart(choices)];
  }
}

const simulatePart = `# A caller may say in a header how its call goes, such as x-stuntdouble: ttft=2000 or fault=status;status=429.
# Leave it off where callers are not to be trusted.
control: { enabled: true }

# The first rule that matches decides; what matches none gets the default.
rules:
  # The faults of a provider on a bad day, for callers that send x-bad-day.
  - name: bad-day
    match: { header: { x-bad-day: "*" } }
    serve: simulate
    faults:
      - { kind: status, status: 429, percentage: 10 }
      - { kind: delay, where: firstToken, ms: 3000, percentage: 20 }

# Everything is simulated, at the speed of the model that is asked for.
default: { serve: simulate }
`;

function chaosPart({ provider, gateway }: Choices): string {
  const cut = gateway === "ext-proc" ? "status, status: 502" : "cut, afterTokens: 12";
  return `# All calls go to the provider, and stay as they are until an experiment runs.
default: { serve: forward, upstream: ${provider} }

# An experiment runs when it is started, and ends by itself:
#   stuntdouble chaos start --name slow-and-broken
#   stuntdouble chaos stop --all
experiments:
  - name: slow-and-broken
    hypothesis: Callers cope with a slow provider that fails at times
    # Whose calls are affected; without match, a part of all.
    # match: { header: { x-env: staging } }
    percentage: 5
    durationMs: 600000
    faults:
      - { kind: delay, where: firstToken, ms: 2000, percentage: 50 }
      - { kind: ${cut}, percentage: 10 }
`;
}

function shadowPart({ provider }: Choices): string {
  return `# All calls go to the provider. Of each, the timing that the simulator would have had is compared with the real one; callers notice
# nothing, and no call is paid for twice.
default: { serve: forward, upstream: ${provider}, mirror: simulate }
`;
}

/** The file of the gateway that goes with a configuration; undefined without a gateway. */
export function gatewayPlace(gateway: Gateway): string | undefined {
  if (gateway === "none") return undefined;
  if (gateway === "ext-proc") return "envoy/ext-proc.yaml, explained in docs/ext-proc.md";
  return `plugins/${gateway}/, with a README for ${gateways[gateway]}`;
}

import { parse } from "yaml";

type Route = { readonly name: string; readonly response_buffering?: boolean; readonly plugins?: readonly object[] };
type Kong = {
  readonly services: readonly { readonly name: string; readonly host: string; readonly routes: readonly Route[] }[];
  readonly upstreams: readonly {
    readonly name: string;
    readonly targets: readonly object[];
    readonly healthchecks?: object;
  }[];
};

/** What is wrong with a declarative configuration of Kong, beyond what a schema can tell. */
export function kongProblems(text: string): string[] {
  const { services, upstreams } = parse(text) as Kong;
  const names = new Set(upstreams.map(({ name }) => name));
  return [
    ...services.filter(({ host }) => !names.has(host)).map(({ name }) => `service ${name} has no upstream`),
    ...services
      .flatMap(({ routes }) => routes)
      .filter((route) => route.response_buffering !== false)
      .map(({ name }) => `route ${name} buffers`),
    ...upstreams.filter(({ targets }) => targets.length !== 2).map(({ name }) => `upstream ${name} has no fallback`),
    ...upstreams
      .filter((each) => each.healthchecks === undefined)
      .map(({ name }) => `upstream ${name} has no health check`),
  ];
}

type Apisix = {
  readonly routes: readonly { readonly id: string; readonly upstream_id: string; readonly plugins?: Plugins }[];
  readonly upstreams: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly priority: number }[];
    readonly retries: number;
    readonly checks?: object;
  }[];
};
type Plugins = {
  readonly "traffic-split"?: {
    readonly rules: readonly { readonly weighted_upstreams: readonly { readonly upstream_id?: string }[] }[];
  };
};

/** What is wrong with a configuration of APISIX without etcd, beyond what a schema can tell. */
export function apisixProblems(text: string): string[] {
  const { routes, upstreams } = parse(text) as Apisix;
  const names = new Set(upstreams.map(({ id }) => id));
  const used = routes.flatMap(({ upstream_id: own, plugins }) => [
    own,
    ...(plugins?.["traffic-split"]?.rules ?? []).flatMap(({ weighted_upstreams: others }) =>
      others.map(({ upstream_id: id }) => id ?? own),
    ),
  ]);
  return [
    ...used.filter((id) => !names.has(id)).map((id) => `there is no upstream ${id}`),
    ...upstreams
      .filter(({ nodes, retries }) => new Set(nodes.map(({ priority }) => priority)).size !== 2 || retries !== 1)
      .map(({ id }) => `upstream ${id} has no fallback`),
    ...upstreams.filter(({ checks }) => checks === undefined).map(({ id }) => `upstream ${id} has no health check`),
    // APISIX reads a file only up to this line.
    ...(text.trimEnd().endsWith("#END") ? [] : ["the last line is not #END"]),
  ];
}

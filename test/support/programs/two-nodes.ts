/** A node as its gateway sees it; on 127.0.0.1 unless it has a host of its own. */
export type NodePlace = {
  readonly host?: string;
  readonly port: number;
  readonly adminPort: number;
  readonly extProcPort: number;
};

/** What a gateway in front of two nodes or more is told: its own port on 127.0.0.1. */
export type TwoNodes = { readonly listen: number; readonly nodes: readonly NodePlace[] };

const loopback = "127.0.0.1";
const at = (port: number, host = loopback): string => `${host}:${port}`;

/** HAProxy, which asks for readiness and uses idle connections for any client. */
export function haproxyConfig({ listen, nodes }: TwoNodes): string {
  const servers = nodes.map(
    ({ host, port, adminPort }, index) =>
      `  server node${index} ${at(port, host)} check addr ${host ?? loopback} port ${adminPort} inter 200ms fall 2 rise 1\n`,
  );
  return `defaults
  mode http
  option http-no-delay
  timeout connect 5s
  timeout check 3s
  timeout client 1m
  timeout server 1m
  http-reuse always
  retries 2
  retry-on conn-failure
  option redispatch 1
frontend llm
  bind ${at(listen)}
  default_backend stuntdouble
backend stuntdouble
  balance roundrobin
  http-response set-header x-node %si
  option httpchk
  http-check send meth GET uri /readyz
${servers.join("")}`;
}

/** nginx, which asks nobody: it notices a node that has gone by a connection that is refused, or closed without a response. */
export function nginxConfig({ listen, nodes }: TwoNodes): string {
  const servers = nodes.map(({ port }) => `    server ${at(port)} max_fails=1 fail_timeout=1s;\n`);
  return `worker_processes 1;
pid nginx.pid;
error_log stderr;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream stuntdouble {
${servers.join("")}    keepalive 32;
  }
  server {
    listen ${at(listen)};
    location / {
      proxy_pass http://stuntdouble;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_next_upstream error non_idempotent;
    }
  }
}
`;
}

const router = {
  name: "envoy.filters.http.router",
  typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

const interval = {
  timeout: "3s",
  interval: "0.2s",
  no_traffic_interval: "0.2s",
  unhealthy_threshold: 2,
  healthy_threshold: 1,
};

function endpoints(name: string, found: readonly object[]): object {
  return {
    name,
    type: "STATIC",
    connect_timeout: "1s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: found }] },
  };
}

function address(port: number, host = loopback): object {
  return { socket_address: { address: host, port_value: port } };
}

function bootstrap(listen: number, http: object, clusters: readonly object[]): string {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "llm",
    ...http,
  };
  const filters = [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }];
  return JSON.stringify({
    static_resources: {
      listeners: [{ name: "llm", address: address(listen), filter_chains: [{ filters }] }],
      clusters,
    },
  });
}

/** Envoy as a proxy, with the retry policy of the files in `envoy/`. */
export function envoyConfig({ listen, nodes }: TwoNodes): string {
  const retryPolicy = {
    retry_on: "connect-failure,refused-stream,reset-before-request",
    num_retries: 2,
    retry_host_predicate: [
      {
        name: "envoy.retry_host_predicates.previous_hosts",
        typed_config: {
          "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
      },
    ],
    host_selection_retry_max_attempts: 3,
  };
  const route = { match: { prefix: "/" }, route: { cluster: "stuntdouble", timeout: "0s", retry_policy: retryPolicy } };
  const found = nodes.map(({ host, port, adminPort }) => ({
    endpoint: { address: address(port, host), health_check_config: { port_value: adminPort } },
  }));
  const cluster = {
    ...endpoints("stuntdouble", found),
    health_checks: [{ ...interval, http_health_check: { path: "/readyz" } }],
  };
  const node = { header: { key: "x-node", value: "%UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%" } };
  const routes = {
    virtual_hosts: [{ name: "llm", domains: ["*"], routes: [route], response_headers_to_add: [node] }],
  };
  return bootstrap(listen, { route_config: routes, http_filters: [router] }, [cluster]);
}

/** Envoy that asks one of two nodes by ext_proc what to do with each call; whatever is not simulated is lost. */
export function extProcConfig({ listen, nodes }: TwoNodes): string {
  const filter = {
    name: "envoy.filters.http.ext_proc",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
      grpc_service: { envoy_grpc: { cluster_name: "stuntdouble" } },
      failure_mode_allow: false,
      message_timeout: "120s",
      processing_mode: { request_header_mode: "SEND", request_body_mode: "STREAMED", response_header_mode: "SEND" },
      allow_mode_override: true,
      mutation_rules: { allow_all_routing: true },
    },
  };
  const cluster = {
    ...endpoints(
      "stuntdouble",
      nodes.map(({ extProcPort }) => ({ endpoint: { address: address(extProcPort) } })),
    ),
    typed_extension_protocol_options: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    health_checks: [{ ...interval, grpc_health_check: {} }],
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
  };
  const lost = { match: { prefix: "/" }, direct_response: { status: 599 } };
  const routes = { virtual_hosts: [{ name: "llm", domains: ["*"], routes: [lost] }] };
  return bootstrap(listen, { route_config: routes, http_filters: [filter, router] }, [cluster]);
}

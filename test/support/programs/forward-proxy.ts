import { createServer, request as send, type IncomingMessage } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";

/** A forward proxy that notes what it is asked. */
export type ForwardProxy = {
  readonly port: number;
  /** Method and target of each request, as `CONNECT localhost:443` or `POST http://localhost/v1/files`. */
  readonly asked: readonly string[];
  /** The credentials of each request, undefined where it had none. */
  readonly authorizations: readonly (string | undefined)[];
  /** Refuses all that follows with this status. */
  refuse(status: number): void;
  stop(): Promise<void>;
};

/** Starts a proxy that tunnels by CONNECT, and passes on requests for `http://` targets. */
export async function startProxy(): Promise<ForwardProxy> {
  const asked: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const sockets = new Set<Socket>();
  let refusal: number | undefined;
  const note = ({ method, url, headers }: IncomingMessage): void => {
    asked.push(`${method} ${url}`);
    authorizations.push(headers["proxy-authorization"]);
  };
  const server = createServer((incoming, response) => {
    note(incoming);
    if (refusal !== undefined) return void response.writeHead(refusal).end();
    const { "proxy-authorization": _, ...headers } = incoming.headers;
    const onward = send(incoming.url ?? "", { method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  server.on("connect", (incoming, client: Socket) => {
    note(incoming);
    if (refusal !== undefined) return void client.end(`HTTP/1.1 ${refusal} No\r\n\r\n`);
    const to = new URL(`tcp://${incoming.url}`);
    const upstream = connect(Number(to.port), to.hostname.replace(/^\[|\]$/g, ""), () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) socket.on("error", () => [client, upstream].map((each) => each.destroy()));
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    authorizations,
    refuse: (status) => void (refusal = status),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

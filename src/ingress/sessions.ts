import type { Http2SecureServer, Http2Server, ServerHttp2Session } from "node:http2";
import type { Socket } from "node:net";

/** The HTTP/2 connections of a port. */
export type Sessions = {
  open(): number;
  /** Keeps the connections that a server of the port takes. */
  of<Server extends Http2Server | Http2SecureServer>(
    server: Server,
    opened: (session: ServerHttp2Session) => void,
  ): Server;
  /**
   * Announces that no more requests shall come; those that are on their way are still taken.
   *
   * Without effect over TLS, where only `close` tells.
   */
  announce(): void;
  /** Says which request was the last one, and closes each connection after its last response. */
  close(): void;
};

/** Makes the collection, empty. */
export function createSessions(): Sessions {
  const sessions = new Map<ServerHttp2Session, Socket | undefined>();
  return {
    open: () => sessions.size,
    of(server, opened) {
      let latest: Socket | undefined;
      const events = server as Http2Server;
      // Without TLS, Node makes the session while it takes the connection.
      if (!("setSecureContext" in server))
        events.prependListener("connection", (socket: Socket) => void (latest = socket));
      events.on("session", (session) => {
        sessions.set(session, latest);
        session.on("close", () => sessions.delete(session));
        opened(session);
      });
      return server;
    },
    announce() {
      for (const [session, socket] of sessions) if (isSettled(session)) socket?.write(shutdownNotice);
    },
    close() {
      for (const session of sessions.keys()) session.close();
    },
  };
}

/** The client has seen our settings, before which nothing else may be sent. */
function isSettled(session: ServerHttp2Session): boolean {
  return !session.closed && !session.destroyed && !session.pendingSettingsAck;
}

/**
 * GOAWAY with the highest stream id, which tells a client to open no more streams and rejects none.
 *
 * Node has no call for it: with its own GOAWAY it takes no further stream, whatever id that names. A frame may be written between
 * those of Node, because it writes only whole ones; over TLS it must not, because two writes at once end the process.
 *
 * @see RFC 9113 §6.8
 */
const shutdownNotice = Buffer.from([0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

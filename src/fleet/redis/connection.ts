import { createClient } from "@redis/client";

/** Where Redis is, and how it is reached. */
export type RedisPlace = {
  /** `redis://` or `rediss://`, with the credentials if it needs any. */
  readonly url: string;
  readonly tls: {
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
  };
};

/** One connection to Redis. When it breaks it is over; another one is made, never the same again. */
export type Connection = {
  /** One command, sent at once. */
  send(args: readonly string[]): Promise<unknown>;
  /** Hears a channel from now on; nothing else can be sent then. */
  subscribe(channel: string, heard: (message: string) => void): Promise<void>;
  /** Ends it without waiting for anything. */
  close(): void;
};

/** More commands than this wait for no reply: what is beyond them fails at once. */
const maxWaiting = 100_000;
/** Whoever connects has a shorter timeout, and closes what comes after it. */
const patienceMs = 60_000;

/**
 * Connects to Redis.
 *
 * @param lost told once, when the connection breaks by itself
 * @throws what the client throws
 */
export async function connect({ url, tls }: RedisPlace, lost: (error: unknown) => void): Promise<Connection> {
  const isTls = new URL(url).protocol === "rediss:";
  const common = { connectTimeout: patienceMs, reconnectStrategy: false, noDelay: true } as const;
  const client = createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    disableClientInfo: true,
    commandsQueueMaxLength: maxWaiting,
    socket: isTls ? { ...common, tls: true, ...tls } : common,
  });
  let told = false;
  const tell = (error: unknown): void => {
    if (told) return;
    told = true;
    lost(error);
  };
  client.on("error", tell);
  client.on("end", () => tell(new Error("Socket closed")));
  const close = (): void => {
    told = true;
    if (client.isOpen) client.destroy();
  };
  try {
    await client.connect();
  } catch (error) {
    close();
    throw error;
  }
  return {
    send: async (args) => await client.sendCommand([...args]),
    subscribe: async (channel, heard) => await client.subscribe(channel, (message) => heard(message)),
    close,
  };
}

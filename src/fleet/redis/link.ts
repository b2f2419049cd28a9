import type { Clock } from "../../limits/clock.ts";
import type { Connection } from "./connection.ts";
import { RedisError, toRedisError, type RedisErrorReason } from "./reasons.ts";

/** A way to Redis that is either up, and then quick, or down, and then not waited for. */
export type Link = {
  isUp(): boolean;
  /**
   * Sends a command.
   *
   * @returns its reply, no later than after the timeout
   * @throws RedisError; at once while the link is down
   */
  send(args: readonly string[]): Promise<unknown>;
  /** Resolves when the first attempt to connect has ended, either way. */
  tried(): Promise<void>;
  close(): void;
};

/** What a link is made of. */
export type LinkOptions = {
  readonly clock: Clock;
  /** A command that takes longer counts as lost, and Redis as down. */
  readonly timeoutMs: number;
  connect(lost: (error: unknown) => void): Promise<Connection>;
  /** Makes a connection ready for use, and finds out whether it can be used. @throws where it cannot */
  prepare(connection: Connection): Promise<void>;
  /** Each command, and each attempt to connect, that failed. */
  failed(reason: RedisErrorReason): void;
  up(): void;
  /** It was up, or this is the first attempt. */
  down(error: RedisError): void;
};

/** Time to connect, and again to make the connection ready. No call waits for it. */
const connectTimeoutMs = 1000;
/** The wait before the first attempt to connect again; each further one is twice as long. */
const firstWaitMs = 100;
const maxWaitMs = 1000;
/** A timer that is later than this part of its time says that the event loop stood still; it starts again so many times. */
const maxLateness = 0.5;
const maxRestarts = 3;
/** After so long without a failure the next one is the first again. */
const stableMs = 10_000;

/**
 * Makes a link, which connects at once, and again after each failure.
 *
 * The first command that takes too long, or that Redis cannot carry out, ends the connection: all that wait on it fail
 * then, and what comes after fails at once until another connection has proved good. So an outage costs each call one
 * timeout at most, and keeps nothing in memory.
 */
export function createLink(options: LinkOptions): Link {
  const link = new ReconnectingLink(options);
  return {
    isUp: () => link.isUp(),
    send: (args) => link.send(args),
    tried: () => link.tried(),
    close: () => link.close(),
  };
}

class ReconnectingLink implements Link {
  readonly #options: LinkOptions;
  readonly #waiting = new Set<(error: RedisError) => void>();
  readonly #tried: Promise<void>;
  #connection: Connection | undefined = undefined;
  #cancelWait: (() => void) | undefined = undefined;
  #waitMs = firstWaitMs;
  #upSinceMs = 0;
  #isDownTold = false;
  #isClosed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#tried = this.#attempt();
  }

  isUp(): boolean {
    return this.#connection !== undefined;
  }

  send(args: readonly string[]): Promise<unknown> {
    const connection = this.#connection;
    if (connection === undefined) return Promise.reject(new RedisError("closed", "There is no connection to Redis."));
    return this.#bounded(connection.send(args), this.#options.timeoutMs, (error) => {
      this.#options.failed(error.reason);
      if (error.reason !== "other") this.#lose(connection, error);
    });
  }

  tried(): Promise<void> {
    return this.#tried;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelWait?.();
    const connection = this.#connection;
    this.#connection = undefined;
    this.#failAll(new RedisError("closed", "The node stops."));
    connection?.close();
  }

  /** What was sent, or its failure, whichever is first. */
  #bounded(sent: Promise<unknown>, timeoutMs: number, failed: (error: RedisError) => void): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const isFirst = (): boolean => {
        cancel();
        return this.#waiting.delete(fail);
      };
      const fail = (error: RedisError): void => {
        if (isFirst()) reject(error);
      };
      const failSelf = (caught: unknown): void => {
        if (!isFirst()) return;
        const error = toRedisError(caught);
        reject(error);
        failed(error);
      };
      const cancel = this.#after(timeoutMs, () =>
        failSelf(new RedisError("timeout", `Redis did not reply within ${timeoutMs} ms.`)),
      );
      this.#waiting.add(fail);
      const succeed = (reply: unknown): void => {
        if (isFirst()) resolve(reply);
      };
      sent.then(succeed, failSelf);
    });
  }

  /**
   * Runs a task when a timeout has passed, and what has come meanwhile has been read. Time in which the event loop itself
   * stood still does not count: that is no slow Redis.
   *
   * @returns cancels it
   */
  #after(timeoutMs: number, task: () => void): () => void {
    const { clock } = this.#options;
    let restarts = 0;
    let dueMs = clock.now() + timeoutMs;
    const late = (): void => {
      const nowMs = clock.now();
      if (nowMs - dueMs < timeoutMs * maxLateness || restarts === maxRestarts) return void setImmediate(task);
      restarts += 1;
      dueMs = nowMs + timeoutMs;
      cancel = clock.wake(timeoutMs, late);
    };
    let cancel = clock.wake(timeoutMs, late);
    return () => cancel();
  }

  /** Ends a connection that is of no use any more. */
  #lose(connection: Connection, error: RedisError): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    connection.close();
    this.#failAll(error);
    if (this.#options.clock.now() - this.#upSinceMs >= stableMs) this.#waitMs = firstWaitMs;
    this.#tellDown(error);
    this.#tryLater();
  }

  #failAll(error: RedisError): void {
    for (const fail of this.#waiting) fail(error);
  }

  #tellDown(error: RedisError): void {
    if (this.#isDownTold) return;
    this.#isDownTold = true;
    this.#options.down(error);
  }

  #tryLater(): void {
    if (this.#isClosed) return;
    this.#cancelWait = this.#options.clock.wake(this.#waitMs, () => void this.#attempt());
    this.#waitMs = Math.min(this.#waitMs * 2, maxWaitMs);
  }

  async #attempt(): Promise<void> {
    try {
      const connection = await this.#connected();
      if (this.#isClosed) return connection.close();
      this.#connection = connection;
      this.#upSinceMs = this.#options.clock.now();
      this.#isDownTold = false;
      this.#options.up();
    } catch (caught) {
      const error = toRedisError(caught);
      if (this.#isClosed) return;
      this.#options.failed(error.reason);
      this.#tellDown(error);
      this.#tryLater();
    }
  }

  /** A connection that has proved good. */
  async #connected(): Promise<Connection> {
    let opened: Connection | undefined = undefined;
    let isGivenUp = false;
    let broken: unknown = undefined;
    const lost = (error: unknown): void => {
      broken = error;
      if (opened === undefined) return;
      if (this.#connection === opened) {
        const reason = toRedisError(error);
        this.#options.failed(reason.reason);
        this.#lose(opened, reason);
      }
    };
    const opening = this.#options.connect(lost).then((connection) => {
      opened = connection;
      if (isGivenUp) connection.close();
      return connection;
    });
    try {
      await this.#bounded(opening, connectTimeoutMs, () => undefined);
      const connection = await opening;
      await this.#bounded(this.#options.prepare(connection), connectTimeoutMs, () => undefined);
      await this.#bounded(connection.send(["PING"]), this.#options.timeoutMs, () => undefined);
      if (broken !== undefined) throw broken;
      return connection;
    } catch (error) {
      isGivenUp = true;
      opening.then(
        (connection) => connection.close(),
        () => undefined,
      );
      throw error;
    }
  }
}

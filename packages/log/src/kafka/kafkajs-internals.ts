/**
 * The parts of kafkajs 2.2.4 that it does not export: its connection with TLS, SASL and request queue. That version is
 * frozen, and pinned exactly. Its consumer and producer are not used: see docs/decisions/0010.
 */
import { createRequire } from 'node:module';
import type { Socket } from 'node:net';

/** What a connection sends and how it reads the reply; `decode` gets the bytes after the correlation id. */
export interface Protocol<T> {
  readonly request: {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<unknown>;
  };
  readonly response: { decode(reply: Buffer): Promise<{ readonly value: T }>; parse(decoded: { readonly value: T }): Promise<T> };
  /** ms; the larger one of this and the connection's own counts. */
  readonly requestTimeout?: number;
  readonly logResponseError?: boolean;
}

export interface RawConnection {
  readonly socket?: Socket;
  isConnected(): boolean;
  send<T>(protocol: Protocol<T>): Promise<T>;
  rejectRequests(error: Error): void;
  disconnect(): Promise<unknown>;
  readonly requestQueue: { scheduleCheckPendingRequests(): void };
}

interface RawPool {
  readonly pool: readonly RawConnection[];
}

export interface RawBroker {
  readonly versions: Readonly<Record<number, { readonly minVersion: number; readonly maxVersion: number }>> | null;
  connect(): Promise<void>;
}

type Options = Readonly<Record<string, unknown>>;

const require = createRequire(import.meta.url);
const { createLogger } = require('kafkajs/src/loggers') as { createLogger(options: Options): unknown };
const socketFactory = require('kafkajs/src/network/socketFactory') as () => unknown;
const ConnectionPool = require('kafkajs/src/network/connectionPool') as new (options: Options) => RawPool;
const Broker = require('kafkajs/src/broker') as new (options: Options) => RawBroker;
const Encoder = require('kafkajs/src/protocol/encoder') as new (size: number) => { writeBufferInternal(buffer: Buffer): void };

/** Everything that goes wrong reaches the caller: kafkajs need not log it as well. */
const silent = createLogger({ level: 0, logCreator: () => () => {} });

/** Not connected yet. kafkajs keeps two connections to a broker; only the first one is ever opened here. */
export function rawBroker(options: Options): { readonly broker: RawBroker; readonly connection: RawConnection } {
  const connectionPool = new ConnectionPool({ ...options, logger: silent, socketFactory: socketFactory() });
  const broker = new Broker({ connectionPool, logger: silent, allowAutoTopicCreation: false });
  const connection = connectionPool.pool[0] as RawConnection;
  // It starts a timer with a negative delay at every reply (a warning of Node), for requests held back by a quota or a bound
  // on those under way: here none are.
  connection.requestQueue.scheduleCheckPendingRequests = () => {};
  return { broker, connection };
}

/** What kafkajs writes to the socket after the header of a request. */
export function payloadOf(bytes: Buffer): unknown {
  const encoder = new Encoder(bytes.length);
  encoder.writeBufferInternal(bytes);
  return encoder;
}

/**
 * One connection to one broker. A broker answers the requests of a connection one after the other, so whoever waits (a
 * read) has connections of its own.
 */
import { TributaryError } from '@tributary/model/errors';
import { settled } from '../settled.ts';
import { type ByteReader, byteReader, byteWriter } from './bytes.ts';
import { payloadOf, rawBroker } from './kafkajs-internals.ts';
import type { KafkaSettings } from './settings.ts';

/** A request in a flexible version: header version 2, reply header version 1. */
export interface KafkaRequest<T> {
  readonly apiKey: number;
  readonly name: string;
  /** What this code speaks, of which the broker must speak one; the highest one is taken. */
  readonly versions: { readonly min: number; readonly max: number };
  body(version: number): Buffer;
  read(reply: ByteReader, version: number): T;
  /** How long the broker may take beyond the usual, ms. */
  readonly waitMs?: number;
}

export interface Connection {
  /** Rejects with plain errors when the connection is lost or the broker is silent: the outcome is unknown. */
  send<T>(request: KafkaRequest<T>): Promise<T>;
  isOpen(): boolean;
  /** Ends it at once; what is under way rejects. */
  close(): void;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Handshake with TLS, versions and SASL, ms. */
const CONNECT_MS = 5_000;
const REPLY_MS = 5_000;

export async function connectTo({ host, port }: Address, { ssl, sasl, clientId }: KafkaSettings): Promise<Connection> {
  const { broker, connection } = rawBroker({
    host,
    port,
    ssl: ssl === true ? {} : ssl,
    // A copy: kafkajs keeps what it logged in with in this object, and would go on using it for other settings.
    sasl: sasl && { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password },
    clientId,
    connectionTimeout: CONNECT_MS,
    requestTimeout: REPLY_MS,
    enforceRequestTimeout: true,
  });

  const close = (): void => {
    connection.rejectRequests(new Error(`the connection to ${host}:${port} was closed`));
    connection.socket?.destroy();
    connection.disconnect().catch(() => {});
  };

  const connecting = broker.connect();
  const outcome = await settled(connecting, CONNECT_MS).catch((error: unknown) => {
    close();
    throw error;
  });
  if (outcome === 'timeout') {
    connecting.catch(() => {});
    close();
    throw new Error(`no handshake with ${host}:${port} within ${CONNECT_MS} ms`);
  }

  return {
    isOpen: () => connection.isConnected(),
    close,
    async send(request) {
      const version = versionFor(request, broker.versions?.[request.apiKey]);
      try {
        return await connection.send({
          request: {
            apiKey: request.apiKey,
            apiVersion: version,
            apiName: request.name,
            // The header ends with tagged fields: none.
            encode: async () => payloadOf(Buffer.concat([byteWriter().noTags().done(), request.body(version)])),
          },
          response: {
            async decode(bytes) {
              const reply = byteReader(bytes);
              reply.skipTags();
              return { value: request.read(reply, version) };
            },
            parse: async ({ value }) => value,
          },
          requestTimeout: REPLY_MS + (request.waitMs ?? 0),
        });
      } catch (error) {
        // After a timeout or a reply that cannot be read, replies and requests no longer match.
        close();
        throw error;
      }
    },
  };
}

function versionFor(
  { name, versions }: KafkaRequest<unknown>,
  known: { readonly minVersion: number; readonly maxVersion: number } | undefined,
): number {
  const version = Math.min(versions.max, known?.maxVersion ?? -1);
  if (known !== undefined && version >= versions.min && version >= known.minVersion) return version;
  const there = known === undefined ? 'none' : `${known.minVersion} to ${known.maxVersion}`;
  const message = `the broker speaks ${name} ${there}, the log ${versions.min} to ${versions.max}; Kafka 3.1 or newer is needed`;
  throw new TributaryError('invalid_config', message);
}

/** Connections by address, made when needed and again after they broke. */
export interface Connections {
  to(address: Address): Promise<Connection>;
  /** Ends the one to this address, if any. */
  drop(address: Address): void;
  closeAll(): void;
}

export function createConnections(settings: KafkaSettings): Connections {
  const open = new Map<string, Promise<Connection>>();
  let closed = false;

  async function reuse(address: Address, key: string): Promise<Connection> {
    const known = await open.get(key)?.catch(() => undefined);
    if (known?.isOpen()) return known;
    const connecting = connectTo(address, settings);
    connecting.catch(() => {
      if (open.get(key) === connecting) open.delete(key);
    });
    open.set(key, connecting);
    const connection = await connecting;
    if (closed) connection.close();
    return connection;
  }
  /** Two that ask at once get the same one. */
  const asking = new Map<string, Promise<Connection>>();

  return {
    to(address) {
      const key = `${address.host}:${address.port}`;
      const current = asking.get(key) ?? reuse(address, key).finally(() => asking.delete(key));
      asking.set(key, current);
      return current;
    },
    drop({ host, port }) {
      const key = `${host}:${port}`;
      open.get(key)?.then(
        (connection) => connection.close(),
        () => {},
      );
      open.delete(key);
    },
    closeAll() {
      closed = true;
      for (const connecting of open.values())
        connecting.then(
          (connection) => connection.close(),
          () => {},
        );
      open.clear();
    },
  };
}

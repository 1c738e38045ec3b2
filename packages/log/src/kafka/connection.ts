/**
 * One connection to one broker, by `@platformatic/kafka`: TLS, SASL and framing. A broker answers the requests of a connection one
 * after the other, so what waits (a read) has connections of its own. Nothing is sent again from here.
 */
import { isIP } from 'node:net';
import { AuthenticationError, apiVersionsV3, Connection as Line, protocolAPIsById } from '@platformatic/kafka';
import { TributaryError } from '@tributary/model/errors';
import { settled, within } from '@tributary/runtime/wait';
import { loginOf, mechanismOf } from './login.ts';
import { boundReplies, ForwardReader } from './replies.ts';
import type { KafkaRequest } from './request.ts';
import type { KafkaSettings } from './settings.ts';

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

interface Range {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** Handshake with TLS, SASL and versions, ms. */
const CONNECT_MS = 5_000;
const REPLY_MS = 5_000;
/** The library's own limit, the same for every request: `send` gives up earlier. */
const NEVER_MS = 24 * 60 * 60_000;
const KEEP_ALIVE_MS = 60_000;
const UNSUPPORTED_VERSION = 35;
const OPEN: ReadonlySet<string> = new Set(['connected', 'reauthenticating']);

export async function connectTo(address: Address, settings: KafkaSettings): Promise<Connection> {
  const { host, port } = address;
  const line = lineOf(address, settings);
  /** Why it was lost; the library rejects what is under way with "Connection closed". */
  let lost: Error | null = null;
  const close = (): void => {
    // Ends its timer of the next login as well.
    line.close().catch(() => {});
    line.socket?.destroy();
  };
  line.on('close', close);
  const lose = (why: Error): void => {
    lost ??= why;
    close();
  };
  // Without a listener it would end the process.
  line.on('error', lose);

  async function exchange<T>(request: KafkaRequest<T>, version: number, replyHasTags = true): Promise<T> {
    const asked = new Promise<T>((resolve, reject) =>
      line.send<T>(
        request.apiKey,
        version,
        () => request.body(version),
        (_id, _key, _version, reply) => request.read(new ForwardReader(reply.buffer), version),
        true,
        replyHasTags,
        (error, reply) => (error ? reject(lost ?? error) : resolve(reply as T)),
      ),
    );
    const limitMs = REPLY_MS + (request.waitMs ?? 0);
    return within(limitMs, asked, () => new Error(`no reply from ${host}:${port} within ${limitMs} ms`));
  }

  async function shakeHands(): Promise<ReadonlyMap<number, Range>> {
    const connecting = line.connect(host, port);
    line.socket.once(settings.ssl ? 'secureConnect' : 'connect', () => boundReplies(line.socket, lose));
    await connecting;
    line.socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return await exchange(versionsRequest, apiVersionsV3.api.version, false);
  }

  const versions = await settled(shakeHands(), CONNECT_MS).catch((error: unknown) => {
    close();
    throw connectionFailure(lost ?? error, settings.sasl);
  });
  if (typeof versions === 'string') {
    close();
    throw new Error(`no handshake with ${host}:${port} within ${CONNECT_MS} ms`);
  }

  return {
    isOpen: () => OPEN.has(line.status) && !line.socket.destroyed,
    close,
    async send(request) {
      const version = versionFor(request, versions.get(request.apiKey));
      try {
        // A broker that limits sessions takes nothing but the login while it logs in again.
        if (line.status === 'reauthenticating') await line.ready();
        return await exchange(request, version);
      } catch (error) {
        // After a timeout or a reply that cannot be read, replies and requests no longer match.
        close();
        throw new Error(whyOf(error), { cause: error });
      }
    },
  };
}

/** Not connected yet. */
function lineOf({ host }: Address, { clientId, ssl, sasl }: KafkaSettings): Line {
  return new Line(clientId, {
    connectTimeout: CONNECT_MS,
    requestTimeout: NEVER_MS,
    ...(ssl && { tls: ssl === true ? {} : ssl }),
    // Without it no name is sent along (SNI), and a proxy cannot tell which broker is meant.
    tlsServerName: isIP(host) === 0,
    ...(sasl && { sasl: loginOf(sasl) }),
  });
}

/** Read here: the library reads the tags of this reply by a reader of its own, which no `ForwardReader` guards. */
const versionsRequest: KafkaRequest<ReadonlyMap<number, Range>> = {
  apiKey: apiVersionsV3.api.key,
  versions: { min: apiVersionsV3.api.version, max: apiVersionsV3.api.version },
  body: () => apiVersionsV3.createRequest('tributary', '1'),
  read(reply) {
    const errorCode = reply.readInt16();
    // A broker that is too old for this version answers in another one.
    if (errorCode === UNSUPPORTED_VERSION) return new Map();
    if (errorCode !== 0) throw new Error(`the broker does not tell its versions (error ${errorCode})`);
    return new Map(reply.readArray((r) => [r.readInt16(), { minVersion: r.readInt16(), maxVersion: r.readInt16() }]));
  },
};

function versionFor({ apiKey, versions }: KafkaRequest<unknown>, known: Range | undefined): number {
  const version = Math.min(versions.max, known?.maxVersion ?? -1);
  if (known !== undefined && version >= versions.min && version >= known.minVersion) return version;
  const there = known === undefined ? 'none' : `${known.minVersion} to ${known.maxVersion}`;
  const name = (protocolAPIsById as Readonly<Record<number, string>>)[apiKey];
  const message = `a broker must speak one of the versions ${versions.min} to ${versions.max} of ${name} (got ${there}). Run Kafka 3.1 or newer.`;
  throw new TributaryError('invalid_config', message);
}

function connectionFailure(error: unknown, sasl: KafkaSettings['sasl']): Error {
  const isRefused = causesOf(error).some((cause) => cause instanceof AuthenticationError);
  const what = sasl !== undefined && isRefused ? `the login with SASL ${mechanismOf(sasl)} as "${sasl.username}" failed: ` : '';
  return new Error(what + whyOf(error), { cause: error });
}

/** The library gives the cause of a cause, and several errors as one without a message. */
function causesOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const { cause, errors } = error as AggregateError;
  return [error, ...causesOf(cause ?? errors?.[0])];
}

function whyOf(error: unknown): string {
  const texts = causesOf(error).map((cause) => ('serverErrorMessage' in cause && cause.serverErrorMessage) || cause.message);
  return texts
    .map((text) => String(text).replace(/\.$/, ''))
    .filter(Boolean)
    .join(': ');
}

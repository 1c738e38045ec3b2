/** A broker on loopback that replies as a test asks; to a request for versions it replies by itself. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Keys of requests that a script may want to distinguish. */
export const VERSIONS = 18;
export const SASL_HANDSHAKE = 17;
export const SASL_LOGIN = 36;

/** Parts of a reply: numbers of one byte each, or bytes. */
type Part = number | Buffer;

export interface Asked {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: Buffer;
  readonly request: Buffer;
  readonly socket: Socket;
}

export interface ScriptedBroker {
  readonly address: { readonly host: string; readonly port: number };
  /** All that were accepted. */
  readonly sockets: readonly Socket[];
  stop(): Promise<void>;
}

export function bytes(...parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => (typeof part === 'number' ? Buffer.from([part]) : part)));
}

export function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

export function reply({ correlationId, socket }: Asked, ...parts: readonly Part[]): void {
  const body = bytes(correlationId, ...parts);
  socket.write(bytes(int32(body.length), body));
}

/** No error; each key from version 0 to 20; no throttling, no tags. In version 1 lists are counted by 32 bits, in version 3 by one byte. */
export function tellVersions(asked: Asked): void {
  const keys = [1, 2, 3, VERSIONS, SASL_HANDSHAKE, SASL_LOGIN].map((key) => bytes(0, key, 0, 0, 0, key === SASL_LOGIN ? 2 : 20));
  if (asked.apiVersion === 1) reply(asked, 0, 0, int32(keys.length), ...keys, int32(0));
  else reply(asked, 0, 0, keys.length + 1, ...keys.map((key) => bytes(key, 0)), int32(0), 0);
}

export interface ScriptedOptions {
  /** How it answers when asked for its versions. */
  readonly versions?: (asked: Asked) => unknown;
  /** Whether its end of a connection stays open when the other one has ended. */
  readonly allowHalfOpen?: boolean;
}

export async function scriptedBroker(
  answer: (asked: Asked) => unknown,
  { versions = tellVersions, allowHalfOpen = false }: ScriptedOptions = {},
): Promise<ScriptedBroker> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    let held = Buffer.alloc(0);
    socket.on('data', (chunk) => {
      held = Buffer.concat([held, chunk]);
      while (held.length >= 4 && held.length >= 4 + held.readInt32BE(0)) {
        const request = held.subarray(4, 4 + held.readInt32BE(0));
        held = held.subarray(4 + request.length);
        const [apiKey, apiVersion] = [request.readInt16BE(0), request.readInt16BE(2)];
        const asked = { apiKey, apiVersion, correlationId: request.subarray(4, 8), request, socket };
        if (apiKey === VERSIONS) versions(asked);
        else answer(asked);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    sockets,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

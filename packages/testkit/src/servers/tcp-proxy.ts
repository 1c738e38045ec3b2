/**
 * A TCP proxy that misbehaves on demand: what a network does to a connection, without touching the network. The mode holds
 * for open and new connections from when it is set; counts of reply bytes begin then, per connection.
 */
import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

export type ProxyMode =
  | { readonly kind: 'pass' }
  /** New connections are refused, open ones are reset. */
  | { readonly kind: 'refuse' }
  /** Connections stay open, no byte passes either way. What comes in is discarded. */
  | { readonly kind: 'blackHole' }
  /** Every chunk passes this much later, both ways, in order. */
  | { readonly kind: 'delay'; readonly delayMs: number }
  /** After `afterBytes` of replies the connection is reset; requests pass. */
  | { readonly kind: 'resetReply'; readonly afterBytes: number }
  /** After `afterBytes` of replies the rest is dropped; requests pass, the connection stays. */
  | { readonly kind: 'dropReply'; readonly afterBytes: number };

export interface TcpProxy {
  readonly port: number;
  /** Connections to it that are open now. */
  readonly connections: number;
  /** How often something was sent after a reply, over all connections, since the mode was set: round trips that did not share their way. */
  readonly roundTrips: number;
  set(mode: ProxyMode): Promise<void>;
  stop(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly target: Socket;
  /** Reply bytes since the mode was set. */
  replied: number;
  /** Whether a reply came since something was sent. */
  isAnswered: boolean;
}

export async function startTcpProxy(targetPort: number, targetHost = '127.0.0.1'): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let mode: ProxyMode = { kind: 'pass' };
  let roundTrips = 0;
  const server = createServer((client) => accept(client));
  const port = await listen(server, 0);

  function accept(client: Socket): void {
    const pair: Pair = { client, target: createConnection(targetPort, targetHost), replied: 0, isAnswered: true };
    pairs.add(pair);
    client.setNoDelay(true);
    pair.target.setNoDelay(true);
    const drop = () => {
      pairs.delete(pair);
      client.destroy();
      pair.target.destroy();
    };
    for (const socket of [client, pair.target]) socket.on('error', drop).on('close', drop);
    client.on('data', (chunk) => {
      if (pair.isAnswered) roundTrips++;
      pair.isAnswered = false;
      if (mode.kind !== 'blackHole') pass(pair.target, chunk);
    });
    pair.target.on('data', (chunk) => reply(pair, chunk));
  }

  function reply(pair: Pair, chunk: Buffer): void {
    pair.isAnswered = true;
    if (mode.kind === 'blackHole') return;
    if (mode.kind !== 'resetReply' && mode.kind !== 'dropReply') {
      pass(pair.client, chunk);
      return;
    }
    const allowed = Math.max(0, mode.afterBytes - pair.replied);
    pair.replied += chunk.length;
    const overdrawn = chunk.length > allowed;
    if (allowed > 0) pair.client.write(chunk.subarray(0, allowed));
    if (overdrawn && mode.kind === 'resetReply') reset(pair);
  }

  function pass(to: Socket, chunk: Buffer): void {
    if (mode.kind !== 'delay') to.write(chunk);
    // Equal delays fire in the order they were set: chunks stay in order.
    else setTimeout(() => to.destroyed || to.write(chunk), mode.delayMs);
  }

  function reset(pair: Pair): void {
    pairs.delete(pair);
    pair.client.resetAndDestroy();
    pair.target.destroy();
  }

  return {
    port,
    get connections() {
      return pairs.size;
    },
    get roundTrips() {
      return roundTrips;
    },
    async set(next) {
      if (next.kind === 'refuse') {
        if (server.listening) server.close();
        for (const pair of [...pairs]) reset(pair);
      } else if (!server.listening) await listen(server, port);
      for (const pair of pairs) pair.replied = 0;
      roundTrips = 0;
      mode = next;
    },
    async stop() {
      for (const pair of [...pairs]) reset(pair);
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/**
 * Connections to a Redis Cluster, under the rules of options.ts. What the library would do beyond them, and why not here:
 *
 *  - A command whose connection closed is not sent again: its reply is lost, which does not mean "not executed".
 *  - Commands are not gathered into pipelines. While a slot moves, the library sends a whole pipeline to the importing node when
 *    one of its reads was sent there, and the others, whose keys have not moved yet, then read as missing (law 7).
 *  - TRYAGAIN (keys of one command lie on both sides of a move) reaches the caller at once, who knows whether to read key by key
 *    or to wait. The library would ask random nodes for a second.
 *  - Where slots lie is asked every two seconds: a master that stands still closes no connection and redirects no command.
 *
 * Redirections (MOVED, ASK) are followed: a command that was redirected was not executed.
 */
import { Cluster, type ClusterOptions, type Command, type Redis } from 'ioredis';
import { REDIS_OPTIONS, type RedisKind, reconnectDelayMs } from './options.ts';
import type { RedisTarget } from './url.ts';

const SLOTS_EVERY_MS = 2_000;

class CautiousCluster extends Cluster {
  /** Nothing waits for a cluster that is not there; for a node whose connection is being made, as long as for a reply. */
  override sendCommand(command: Command, stream?: Parameters<Cluster['sendCommand']>[1], node?: unknown): unknown {
    // Its own first question, by which it gets ready, is "cluster".
    if (this.status !== 'ready' && command.name !== 'cluster') {
      command.reject(new Error(`no connection to the cluster (${this.status})`));
      return command.promise;
    }
    const { commandTimeout } = this.options.redisOptions ?? {};
    if (commandTimeout !== undefined) command.setTimeout(commandTimeout);
    return super.sendCommand(command, stream, node);
  }

  override handleError(error: Error, ttl: { value?: unknown }, handlers: { defaults(): void }): void {
    if (error.message.startsWith('TRYAGAIN')) handlers.defaults();
    else super.handleError(error, ttl, handlers);
  }
}

export function connectCluster(
  target: Extract<RedisTarget, { kind: 'cluster' }>,
  kind: RedisKind,
  onError: (error: Error) => void,
): Cluster {
  const nodes = target.nodes.map(({ host, port }) => ({ host, port }));
  const options = clusterOptions(target, kind);
  const cluster = kind === 'queue' ? new Cluster(nodes, options) : new CautiousCluster(nodes, options);
  cluster.on('+node', hearAsking);
  cluster.on('error', onError);
  cluster.on('node error', (error: Error, node: string) =>
    onError(new Error(`${node ?? 'a node'}: ${error.message}`, { cause: error })),
  );
  return cluster;
}

/** Before a command that was sent elsewhere, the library says ASKING there, and does not say when that fails. */
function hearAsking(node: Redis): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const asked = asking();
    asked.catch(() => {});
    return asked;
  };
}

function clusterOptions({ login, tls }: Extract<RedisTarget, { kind: 'cluster' }>, kind: RedisKind) {
  const { enableOfflineQueue, retryStrategy, enableAutoPipelining, ...perNode } = REDIS_OPTIONS[kind];
  const resends = kind === 'queue';
  return {
    redisOptions: { ...perNode, ...login, ...(tls ? { tls: {} } : {}), connectionName: `tributary-${kind}` },
    clusterRetryStrategy: reconnectDelayMs,
    enableOfflineQueue: true,
    scaleReads: 'master',
    maxRedirections: resends ? 16 : 8,
    retryDelayOnFailover: resends ? 200 : 0,
    slotsRefreshTimeout: 1_000,
    slotsRefreshInterval: SLOTS_EVERY_MS,
    // A certificate names a host, not the address that it resolves to.
    ...(tls ? { dnsLookup: asItIs } : {}),
  } satisfies ClusterOptions;
}

const asItIs: NonNullable<ClusterOptions['dnsLookup']> = (host, callback) => callback(null, host);

/** The store of the simulation on a real Redis: its scripts and its readers under the same faults, in turns that wait for each reply. */

import { TributaryError } from '@tributary/model/errors';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { READ_BOUNDS } from '@tributary/store/deltas/read-bounds';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { Commit, CommitOutcome } from '@tributary/store/speed-store';
import type { SimulatedStore } from '@tributary/testkit/memory/memory-store';
import { startRedis } from '@tributary/testkit/servers/redis-server';
import type { PartsUnderTest } from '@tributary/testkit/simulation/world';
import { VIEWS } from '@tributary/views/registry';
import type { Redis } from 'ioredis';

/** So that what a seed commits is read in pages. */
const SMALL_READS = { ...READ_BOUNDS, pageRows: 3, mostAtOnce: 5 };

type Turn = () => Promise<void>;
type Connections = { readonly commits: Redis; readonly reads: Redis };

/** Stores on a Redis of their own, each in an empty namespace. */
export async function startSimulatedStores(): Promise<Required<Pick<PartsUnderTest, 'createStore'>> & { stop(): Promise<void> }> {
  const server = await startRedis();
  const commits = connectRedis(server.url, 'commit', () => {});
  const reads = connectRedis(server.url, 'serving', () => {});
  await Promise.all([whenReady(commits, 5_000), whenReady(reads, 5_000)]);
  let made = 0;
  return {
    async createStore(partitions) {
      await reads.flushdb();
      return storeOnRedis({ commits, reads }, `simulation-${++made}`, partitions);
    },
    async stop() {
      commits.disconnect();
      reads.disconnect();
      await server.stop();
    },
  };
}

function storeOnRedis({ commits, reads }: Connections, namespace: string, partitions: number): SimulatedStore {
  const servingStore = createServingStore(reads, namespace, partitions, VIEWS, { bounds: SMALL_READS });
  let underWay = 0;

  async function counted<T>(work: () => Promise<T>): Promise<T> {
    underWay++;
    try {
      return await work();
    } finally {
      underWay--;
    }
  }

  /** Each call of it has a turn before it does its work, and one before its reply arrives. */
  function inTurns<T extends object>(store: T, turn: Turn = async () => {}): T {
    return new Proxy(store, {
      get(of, name) {
        const member: unknown = Reflect.get(of, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          await turn();
          const result: unknown = await counted(async () => member.apply(of, args) as unknown);
          await turn();
          return result;
        };
      },
    });
  }

  const keysOf = (partition: number) => reads.keys(`${namespace}:{${partition}}:*`);

  return {
    isBusy: () => underWay > 0,
    speed(turn, fault = () => 'none') {
      // Each process has one of its own, which remembers the definitions that it stored.
      const store = createSpeedStore(commits, namespace);
      async function commit(next: Commit): Promise<CommitOutcome> {
        const kind = fault(next);
        const outcome = kind === 'notApplied' ? null : await store.commit(next);
        if (kind === 'none' && outcome !== null) return outcome;
        throw new TributaryError('store_unavailable', `the reply to the commit of partition ${next.partition} was lost`);
      }
      return inTurns({ ...store, commit }, turn);
    },
    serving: (turn) => inTurns(servingStore, turn),
    async checkpoint(partition) {
      const keys = await keysOf(partition);
      const dumps = await Promise.all(keys.map((key) => reads.dumpBuffer(key)));
      return async () => {
        const written = await keysOf(partition);
        if (written.length > 0) await reads.del(...written);
        await Promise.all(keys.map((key, i) => reads.restore(key, 0, dumps[i] as Buffer)));
      };
    },
  };
}

/** Stores for tests of the contract and of those who build upon it: empty, of four partitions, able to lose their newest writes. */

import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import type { ReadBounds } from '@tributary/store/deltas/read-bounds';
import { messagesKey } from '@tributary/store/format/keys';
import { createOutbox } from '@tributary/store/outbox/redis-outbox';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import type { OutboxUnderTest } from '@tributary/testkit/contracts/outbox-contract';
import type { RetirementUnderTest } from '@tributary/testkit/contracts/retirement-contract';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { createMemoryStore } from '@tributary/testkit/memory/memory-store';
import { type RedisServer, startRedis } from '@tributary/testkit/servers/redis-server';
import { VIEWS } from '@tributary/views/registry';

export type ContractStore = OutboxUnderTest & RetirementUnderTest;

export async function memoryStore(): Promise<ContractStore> {
  const store = createMemoryStore({ partitions: HISTORY_PARTITIONS });
  return {
    speed: store.speed(),
    serving: store.serving(),
    outbox: store.outbox(),
    messages: store.outbox(undefined, 'messages'),
    generationsKept: async (partition) => store.generationsKept(partition),
    async checkpoint(partition) {
      const snapshot = store.snapshot(partition);
      return async () => store.restore(partition, snapshot);
    },
  };
}

export interface RedisStores {
  readonly server: RedisServer;
  /** Each in a namespace of its own. `bounds`: of deltas that are read whole. */
  make(namespace?: string, bounds?: ReadBounds): Promise<ContractStore>;
  ready(): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startRedisStores(): Promise<RedisStores> {
  const server = await startRedis();
  const commits = connectRedis(server.url, 'commit', () => {});
  const reads = connectRedis(server.url, 'serving', () => {});
  const ready = () => Promise.all([whenReady(commits, 5_000), whenReady(reads, 5_000)]);
  let made = 0;
  await ready().catch(async (cause: unknown) => {
    await server.stop();
    throw cause;
  });
  return {
    server,
    ready,
    async make(namespace = `store-${made++}`, bounds) {
      const keysOf = (partition: number) => reads.keys(`${namespace}:{${partition}}:*`);
      return {
        speed: createSpeedStore(commits, namespace),
        serving: createServingStore(reads, namespace, HISTORY_PARTITIONS, VIEWS, bounds === undefined ? {} : { bounds }),
        outbox: createOutbox(commits, namespace),
        messages: createOutbox(commits, namespace, messagesKey),
        generationsKept: async (partition) => generationsOf(await keysOf(partition)),
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
    },
    async stop() {
      commits.disconnect();
      reads.disconnect();
      await server.stop();
    },
  };
}

/** The generations that keys of deltas name, ascending: `…:d:<g>:<view>`, `…:n:<g>`, `…:c:<g>`. */
export function generationsOf(keys: readonly string[]): number[] {
  const named = keys.flatMap((key) => key.match(/\}:[dnc]:(\d+)/)?.[1] ?? []);
  return [...new Set(named.map(Number))].sort((a, b) => a - b);
}

/** Stores on a Redis Cluster, for the contract and for the faults that only a cluster has. */

import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { messagesKey } from '@tributary/store/format/keys';
import { createOutbox } from '@tributary/store/outbox/redis-outbox';
import { createServingStore } from '@tributary/store/serving/redis-serving-store';
import { HISTORY_PARTITIONS } from '@tributary/testkit/contracts/store-history';
import { type ClusterOptions, type RedisCluster, startRedisCluster } from '@tributary/testkit/servers/redis-cluster';
import { VIEWS } from '@tributary/views/registry';
import { type ContractStore, generationsOf } from '../contract/stores.ts';

export interface ClusterStores {
  readonly cluster: RedisCluster;
  /** Each in a namespace of its own. */
  make(namespace?: string, partitions?: number): Promise<ContractStore>;
  stop(): Promise<void>;
}

export async function startClusterStores(options: ClusterOptions = {}): Promise<ClusterStores> {
  const cluster = await startRedisCluster(options);
  const commits = connectRedis(cluster.url, 'commit', () => {});
  const reads = connectRedis(cluster.url, 'serving', () => {});
  const stop = async () => {
    commits.disconnect();
    reads.disconnect();
    await cluster.stop();
  };
  let made = 0;
  await Promise.all([whenReady(commits, 10_000), whenReady(reads, 10_000)]).catch(async (cause: unknown) => {
    await stop();
    throw cause;
  });
  return {
    cluster,
    async make(namespace = `store-${made++}`, partitions = HISTORY_PARTITIONS) {
      return {
        speed: createSpeedStore(commits, namespace),
        serving: createServingStore(reads, namespace, partitions, VIEWS),
        outbox: createOutbox(commits, namespace),
        messages: createOutbox(commits, namespace, messagesKey),
        async generationsKept(partition) {
          const pattern = `${namespace}:{${partition}}:*`;
          const { admin } = await cluster.masterOf(pattern);
          return generationsOf(await admin.keys(pattern));
        },
        async checkpoint(partition) {
          const pattern = `${namespace}:{${partition}}:*`;
          const { admin } = await cluster.masterOf(pattern);
          const keys = await admin.keys(pattern);
          const dumps = await Promise.all(keys.map((key) => admin.dumpBuffer(key)));
          return async () => {
            for (const key of await admin.keys(pattern)) await admin.del(key);
            await Promise.all(keys.map((key, i) => admin.restore(key, 0, dumps[i] as Buffer)));
          };
        },
      };
    },
    stop,
  };
}

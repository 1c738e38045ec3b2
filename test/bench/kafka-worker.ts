/** A speed worker of the Kafka benchmark: from the start of the topic to its end, then gone. */
import { randomUUID } from 'node:crypto';
import { openEventLog } from '@tributary/log/open-log';
import { loadDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/redis-speed-store';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';

const [bootstrap = '', topicPrefix = '', redisUrl = '', partitions = '', own = ''] = process.argv.slice(2);
const store = connectRedis(redisUrl, 'commit', () => {});
await whenReady(store, 10_000);
const log = await openEventLog({
  kafka: { brokers: [bootstrap], clientId: 'bench-worker', topicPrefix },
  redis: () => {
    throw new Error('the log lies in Kafka');
  },
  name: 'events',
  partitions: Number(partitions),
  now: Date.now,
});
const worker = createSpeedWorker({
  log,
  store: createSpeedStore(store, 'bench'),
  definitions: loadDefinitions(''),
  partitions: own.split(',').map(Number),
  sha256Hex,
  commitId: randomUUID,
  // Entries of 100 events, as in the benchmark of Redis Streams.
  limits: { maxEntries: 10, waitMs: 500 },
});
process.send?.('ready');
process.once('message', async () => {
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  process.exit(0);
});

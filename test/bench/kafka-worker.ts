/** A speed worker of the Kafka benchmark: from the start of the topic to its end, then gone. */
import { randomUUID } from 'node:crypto';
import { openEventLog } from '@tributary/log/open-log';
import { builtInDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { VIEWS } from '@tributary/views/registry';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';
import type { WorkerEnd } from './worker-processes.ts';

const RULE_BASED = ['activity', 'touches', 'conversions', 'credit'];

const [bootstrap = '', topicPrefix = '', redisUrl = '', partitions = '', own = '', views = 'all', namespace = 'bench'] =
  process.argv.slice(2);
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
  store: createSpeedStore(store, namespace),
  definitions: builtInDefinitions(),
  partitions: own.split(',').map(Number),
  sha256Hex,
  digestOf: sha256Hex,
  views: views === 'rules' ? VIEWS.filter(({ name }) => RULE_BASED.includes(name)) : VIEWS,
  commitId: randomUUID,
  // Entries of 100 events, as in the benchmark of Redis Streams.
  limits: { maxEntries: 10, waitMs: 500 },
});
process.send?.('ready');
process.once('message', async () => {
  const before = process.cpuUsage();
  while ((await worker.runOnce()) > 0);
  await worker.settle();
  const { user, system } = process.cpuUsage(before);
  const end: WorkerEnd = { cpuSeconds: (user + system) / 1e6, peakMegabytes: process.resourceUsage().maxRSS / 1024 };
  process.send?.(end, () => process.exit(0));
});

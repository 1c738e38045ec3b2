/** A speed worker of the benchmark of small commits: follows the log until it is stopped, and says what it has cost. */
import { randomUUID } from 'node:crypto';
import { openEventLog } from '@tributary/log/open-log';
import { builtInDefinitions, sha256Hex } from '@tributary/runtime/config/definitions';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { createSpeedStore } from '@tributary/store/commit/redis-speed-store';
import { createSpeedWorker } from '../../services/speed/src/pipeline.ts';

/** What it has done so far: CPU in s. */
export interface SteadyWork {
  readonly cpuSeconds: number;
  readonly events: number;
  readonly commits: number;
}

const [redisUrl = '', partitions = '', bootstrap = '', topicPrefix = ''] = process.argv.slice(2);
const connect = async (kind: 'commit' | 'blocking') => {
  const redis = connectRedis(redisUrl, kind, () => {});
  await whenReady(redis, 10_000);
  return redis;
};
const store = await connect('commit');
const [commands, blocking] = await Promise.all([connect('commit'), connect('blocking')]);
const log = await openEventLog({
  kafka: bootstrap === '' ? null : { brokers: [bootstrap], clientId: 'bench-worker', topicPrefix },
  redis: () => ({ commands, blocking }),
  name: 'events',
  partitions: Number(partitions),
  now: Date.now,
});
let events = 0;
let commits = 0;
const worker = createSpeedWorker({
  log,
  store: createSpeedStore(store, 'bench'),
  definitions: builtInDefinitions(),
  partitions: Array.from({ length: Number(partitions) }, (_, p) => p),
  sha256Hex,
  digestOf: sha256Hex,
  commitId: randomUUID,
  now: () => performance.now(),
  onCommitted({ counted, late, duplicates }) {
    events += counted + late + duplicates;
    commits++;
  },
});
process.on('message', (word) => {
  if (word === 'stop') process.exit(0);
  const { user, system } = process.cpuUsage();
  process.send?.({ cpuSeconds: (user + system) / 1e6, events, commits } satisfies SteadyWork);
});
process.send?.('ready');
for (;;) await worker.runOnce();

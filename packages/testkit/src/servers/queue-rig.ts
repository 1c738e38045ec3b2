/** A Redis for the queue tests of one file, and for each test a namespace of its own. What a test starts is stopped behind it, the last first. */
import { connectRedis } from '@tributary/runtime/redis/connect';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { startRedis } from './redis-server.ts';

export interface QueueRig {
  readonly url: string;
  /** A new one for each test. */
  readonly namespace: string;
  /** A connection as queues have it, closed after the test. */
  connect(url?: string): Redis;
  /** Called after the test, before what was given earlier. */
  stopAfter(stop: () => unknown): void;
}

/** Call it once, at the top of a test file. */
export function createQueueRig(): QueueRig {
  let server: Awaited<ReturnType<typeof startRedis>>;
  let namespaces = 0;
  const stops: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  beforeEach(() => {
    namespaces++;
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  return {
    get url() {
      return server.url;
    },
    get namespace() {
      return `test${namespaces}`;
    },
    connect(url = server.url) {
      const connection = connectRedis(url, 'queue', () => {}) as Redis;
      stops.push(() => connection.disconnect());
      return connection;
    },
    stopAfter: (stop) => stops.push(stop),
  };
}

/** How far computations say that they are: a hash in Redis. What is lost of it is there again with the next report. */
import type { Redis } from 'ioredis';
import { answered } from './answered.ts';
import { queuePrefix } from './jobs.ts';

export interface Progress {
  readonly version: string;
  /** The id of an event of the stream: all lines up to it were worked through. */
  readonly after: string;
  /** When it was said, epoch ms. */
  readonly at: number;
}

export interface ComputationProgress {
  /** By name; also of computations that were removed since. */
  all(): Promise<ReadonlyMap<string, Progress>>;
  note(name: string, progress: Progress): Promise<void>;
  forget(names: readonly string[]): Promise<void>;
}

export function openComputationProgress(redis: Redis, namespace: string): ComputationProgress {
  const key = `${queuePrefix(namespace)}:computations`;
  return {
    async all() {
      const stored = await answered(redis.hgetall(key));
      return new Map(Object.entries(stored).map(([name, text]) => [name, JSON.parse(text) as Progress]));
    },
    async note(name, progress) {
      await answered(redis.hset(key, name, JSON.stringify(progress)));
    },
    async forget(names) {
      if (names.length > 0) await answered(redis.hdel(key, ...names));
    },
  };
}

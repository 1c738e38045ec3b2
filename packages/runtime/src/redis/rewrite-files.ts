/** The append-only file of Redis keeps what was deleted until Redis writes it again, which it does by itself only once the file has grown. */
import { setTimeout as sleep } from 'node:timers/promises';
import { SECOND_MS } from '@tributary/model/time';
import type { Redis } from 'ioredis';
import { isCluster, type RedisConnection } from './connect.ts';

/** A large Redis may take longer: then it goes on in the background, and whether it succeeds is not known here. */
const WAITED_MS = 60 * SECOND_MS;
const LOOK_EVERY_MS = 100;

/** Asks each server to write them, and waits for it up to a minute. Rejects where Redis refuses, is at it already, or fails at it. */
export async function rewriteRedisFiles(redis: RedisConnection): Promise<void> {
  const servers = isCluster(redis) ? redis.nodes('master') : [redis];
  for (const server of servers) await server.call('BGREWRITEAOF');
  const until = performance.now() + WAITED_MS;
  for (const server of servers) await written(server, until);
}

async function written(server: Redis, until: number): Promise<void> {
  while (performance.now() < until) {
    const info = await server.info('persistence');
    if (!/^aof_rewrite_(in_progress|scheduled):1/m.test(info)) {
      if (!/^aof_last_bgrewrite_status:ok/m.test(info))
        throw new Error('Redis could not write its append-only file again: its log says why');
      return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}

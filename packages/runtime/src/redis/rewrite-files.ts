/** The append-only file of Redis keeps what was deleted until Redis writes it again, which it does by itself only once the file has grown. */
import { isCluster, type RedisConnection } from './connect.ts';

/** Asks each server to begin; it goes on in the background. Rejects where Redis refuses, or has begun already. */
export async function rewriteRedisFiles(redis: RedisConnection): Promise<void> {
  const servers = isCluster(redis) ? redis.nodes('master') : [redis];
  for (const server of servers) await server.call('BGREWRITEAOF');
}

/** The Redis that the platform runs for itself: loopback, own port, own folder, every acknowledged write on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectRedis, whenReady } from '@tributary/runtime/redis';
import { openLog } from './log-file.ts';
import type { ManagedSpec } from './managed-process.ts';

export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly logFile: string;
  readonly autoRestart: boolean;
  readonly onEvent: ManagedSpec['onEvent'];
}

/** Loading a large append-only file takes its time: 1 GB in about 10 s. */
const READY_MS = 120_000;

/**
 * Redis does not notice when its supervisor dies, so a shell holds the other end of a pipe (descriptor 3) for it. At its
 * end of file Redis gets SIGTERM, 5 s later than the roles, which drain into it. The first line on stdout is Redis' process id.
 */
const GUARD = `
"$@" 3<&- >&2 & redis=$!
echo "$redis"
( read -r _ <&3; sleep 5; kill -TERM "$redis" ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$redis"; code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

export function redisSpec({ host, port, dataDir, logFile, autoRestart, onEvent }: RedisOptions): ManagedSpec {
  const url = `redis://${host}:${port}`;
  return {
    name: 'redis',
    autoRestart,
    onEvent,
    spawn() {
      const dir = join(dataDir, 'redis');
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      const descriptor = openLog(logFile);
      const args = ['-c', GUARD, 'tributary-redis', 'redis-server', ...redisArguments(host, port, dir)];
      const child = spawn('/bin/sh', args, { stdio: ['ignore', 'pipe', descriptor, 'pipe'], detached: true });
      child.once('spawn', () => closeSync(descriptor));
      return child;
    },
    async ready(child, signal) {
      const pid = await redisPid(child, signal);
      const redis = connectRedis(url, 'commit', () => {});
      try {
        await whenReady(redis, READY_MS, signal);
      } finally {
        redis.disconnect();
      }
      return pid;
    },
  };
}

/** `appendfsync always`: a reply means "on disk". `aof-load-truncated`: a crash in the middle of a write loses that write only. */
function redisArguments(host: string, port: number, dir: string): string[] {
  const settings: Record<string, string> = {
    bind: host,
    port: String(port),
    dir,
    daemonize: 'no',
    save: '',
    appendonly: 'yes',
    appendfsync: 'always',
    'aof-load-truncated': 'yes',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function redisPid(child: ChildProcess, signal: AbortSignal): Promise<number> {
  if (child.stdout === null) throw new Error('the guard of Redis has no stdout');
  const [line] = (await once(child.stdout, 'data', { signal })) as [Buffer];
  return Number.parseInt(line.toString(), 10);
}

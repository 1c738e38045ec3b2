/** The Redis that the platform runs for itself: a port on loopback and a socket, its own password and folder, every acknowledged write on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { constrainedMemory } from 'node:process';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { connectRedis, whenReady } from '@tributary/runtime/redis/connect';
import { DURABLE_SETTINGS } from '@tributary/runtime/redis/durability';
import { REWRITTEN_FILES } from '@tributary/runtime/redis/rewritten-files';
import { SMALL_HASHES } from '@tributary/runtime/redis/small-hashes';
import { isSocketPath } from '@tributary/runtime/redis/url';
import { openLog } from './log-file.ts';
import type { ManagedSpec } from './managed-process.ts';

export interface RedisOptions {
  readonly host: string;
  readonly port: number;
  /** Who reaches the port or the socket needs it: other users of the machine, pages in a browser. */
  readonly password: string;
  readonly dataDir: string;
  /** Where it listens besides, for the roles; null: nowhere. */
  readonly socket: string | null;
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
umask 077
"$@" 3<&- >&2 & redis=$!
echo "$redis"
( read -r _ <&3; sleep 5; kill -TERM "$redis" ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$redis"; code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

export function redisSpec({ host, port, password, dataDir, socket, logFile, autoRestart, onEvent }: RedisOptions): ManagedSpec {
  const url = redisUrl(host, port, password);
  return {
    name: 'redis',
    autoRestart,
    onEvent,
    spawn() {
      const dir = redisFolder(dataDir);
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      sweepHalfMade(dir);
      const descriptor = openLog(logFile);
      const args = [
        '-c',
        GUARD,
        'tributary-redis',
        'redis-server',
        writeSecrets(dir, password),
        ...redisArguments(host, port, dir),
        ...(socket === null ? [] : ['--unixsocket', socket]),
      ];
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

export function redisFolder(dataDir: string): string {
  return dataPath(dataDir, 'redis');
}

export function redisUrl(host: string, port: number, password: string): string {
  // redis-cli sends what stands before the colon: an empty name is refused.
  return `redis://default:${password}@${host}:${port}`;
}

export function socketUrl(socket: string, password: string): string {
  return `unix://default:${password}@${socket.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * The path of a socket in the folder of Redis: a round trip through it takes a seventh less of the processor than one through a port. Null
 * where the path is too long, or the file system has no sockets.
 */
export async function redisSocket(dataDir: string): Promise<string | null> {
  const path = resolve(redisFolder(dataDir), 'redis.sock');
  if (!isSocketPath(path)) return null;
  const server = createServer();
  try {
    rmSync(path, { force: true });
    server.listen(path);
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return path;
  } catch {
    return null;
  }
}

/** A file for its owner only, not an argument: the list of processes is everybody's. Returns its path. */
function writeSecrets(dir: string, password: string): string {
  const file = join(dir, 'redis.conf');
  const text = `requirepass ${password}\n`;
  // On a full disk it could not be written again.
  if (existsSync(file) && readFileSync(file, 'utf8') === text) chmodSync(file, 0o600);
  else {
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o600 });
  }
  return file;
}

/** What a Redis that ended while it rewrote its files left behind: as large as all data, and never read. */
function sweepHalfMade(dir: string): void {
  for (const name of readdirSync(dir)) if (/^temp-.*\.(aof|rdb)$/.test(name)) rmSync(join(dir, name), { force: true });
}

/** Half of the memory that this machine or container has, the rest is for the roles: better no more events than no Redis. */
function maxMemoryBytes(): number {
  const constrained = constrainedMemory();
  const most = totalmem();
  return Math.floor((constrained > 0 && constrained < most ? constrained : most) / 2);
}

/**
 * `appendfsync always`: a reply means "on disk". `aof-load-truncated`: a crash in the middle of a write loses that write only.
 * At `maxmemory` writes are refused; collectors stop taking events at 85 % of it. A client that lets answers pile up is let go.
 */
function redisArguments(host: string, port: number, dir: string): string[] {
  const settings: Record<string, string> = {
    bind: host,
    port: String(port),
    dir,
    daemonize: 'no',
    save: '',
    ...Object.fromEntries(DURABLE_SETTINGS.map(({ setting, want }) => [setting, want])),
    'aof-load-truncated': 'yes',
    [REWRITTEN_FILES.setting]: REWRITTEN_FILES.want,
    [SMALL_HASHES.setting]: SMALL_HASHES.want,
    maxmemory: String(maxMemoryBytes()),
  };
  const outputs = ['--client-output-buffer-limit', 'normal', '512mb', '256mb', '60'];
  return [...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]), ...outputs];
}

async function redisPid(child: ChildProcess, signal: AbortSignal): Promise<number> {
  if (child.stdout === null) throw new Error('the guard of Redis has no stdout');
  const [line] = (await once(child.stdout, 'data', { signal })) as [Buffer];
  return Number.parseInt(line.toString(), 10);
}

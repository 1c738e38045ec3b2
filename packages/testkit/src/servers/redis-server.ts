/** A throw-away Redis on a free loopback port, configured as in production: every acknowledged write is on disk. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REWRITTEN_FILES } from '@tributary/runtime/redis/rewritten-files';
import { SMALL_HASHES } from '@tributary/runtime/redis/small-hashes';
import { Redis } from 'ioredis';
import { freePort, releasePort } from './free-port.ts';

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  readonly dir: string;
  readonly pid: number;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and folder. */
  restart(): Promise<void>;
  /** Stops it and removes its folder. */
  stop(): Promise<void>;
}

export async function startRedis(extraArgs: readonly string[] = []): Promise<RedisServer> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-redis-'));
  const port = await freePort();
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
    '--maxmemory-policy',
    'noeviction',
    `--${SMALL_HASHES.setting}`,
    SMALL_HASHES.want,
    `--${REWRITTEN_FILES.setting}`,
    REWRITTEN_FILES.want,
    '--daemonize',
    'no',
    ...extraArgs,
  ];
  let child = await launch(port, args, dir);
  let stopped = false;
  const stopOnExit = () => child.kill('SIGKILL');
  process.once('exit', stopOnExit);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    dir,
    get pid() {
      return child.pid as number;
    },
    kill: () => end(child, 'SIGKILL'),
    async restart() {
      await end(child, 'SIGKILL');
      child = await launch(port, args, dir);
      // A test that timed out in the middle of a restart has stopped it meanwhile.
      if (stopped) await end(child, 'SIGKILL');
    },
    async stop() {
      stopped = true;
      await end(child, 'SIGKILL');
      process.off('exit', stopOnExit);
      releasePort(port);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Where this process is killed nothing of it runs any more: a shell sees the end of its pipe, and ends the server. */
const GUARD = 'read -r _; kill -KILL "$1"; rm -rf "$2"';

function guard(child: ChildProcess, dir: string): void {
  const shell = spawn('/bin/sh', ['-c', GUARD, 'tributary-redis', String(child.pid), dir], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  child.once('exit', () => shell.kill('SIGKILL'));
}

async function launch(port: number, args: readonly string[], dir: string): Promise<ChildProcess> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  if (child.pid !== undefined) guard(child, dir);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output = (output + chunk).slice(-4000)));
  const probe = new Redis(port, '127.0.0.1', { retryStrategy: () => 25, maxRetriesPerRequest: null, enableReadyCheck: true });
  probe.on('error', () => {});
  const exited = once(child, 'exit').then(() => {
    throw new Error(`redis-server ended at start:\n${output}`);
  });
  try {
    await Promise.race([probe.ping(), exited]);
  } finally {
    probe.disconnect();
    exited.catch(() => {});
  }
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

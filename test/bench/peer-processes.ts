/** Builds the peers in `peers/` where Java, Maven or cargo are, and runs them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WorkersRun } from './worker-processes.ts';

const SOURCES = fileURLToPath(new URL('./peers/', import.meta.url));
/** Outside of version control; what is built stays for the next run. */
const BUILT = fileURLToPath(new URL('../../.tributary/peers/', import.meta.url));
const BUILD_MS = 30 * 60_000;
const RUN_MS = 10 * 60_000;
const JVM = ['java.base/java.util', 'java.base/java.lang'].map((opened) => `--add-opens=${opened}=ALL-UNNAMED`);

export interface PeerPlace {
  readonly bootstrap: string;
  readonly topic: string;
  readonly redisPort: number;
  /** What its keys in Redis begin with. */
  readonly prefix: string;
}

export interface Peer {
  readonly name: string;
  readonly command: (
    place: PeerPlace,
    scratch: string,
  ) => { readonly file: string; readonly args: readonly string[]; readonly env?: NodeJS.ProcessEnv };
}

const run = promisify(execFile);

/** Those whose tools are here; the others are named on stderr. DBSP's first build takes 15 to 20 minutes. */
export async function builtPeers(withDbsp: boolean): Promise<readonly Peer[]> {
  await mkdir(BUILT, { recursive: true });
  const [java, cargo, rdkafka] = await Promise.all([
    succeeds('command -v java && command -v mvn && command -v javac'),
    succeeds('command -v cargo'),
    // What the crate of the Rust peers links.
    succeeds('pkg-config --exists "rdkafka >= 1.9.2"'),
  ]);
  const rust = cargo && rdkafka;
  if (!java) process.stderr.write('left out: Flink, for want of java, javac and mvn\n');
  if (!rust)
    process.stderr.write(`left out: the peers in Rust, for want of ${cargo ? 'librdkafka-dev and pkg-config' : 'cargo'}\n`);
  return [
    ...(java ? [await flink()] : []),
    ...(rust ? [await floor()] : []),
    ...(rust && withDbsp ? [await dbsp(10_000), await dbsp(1_000)] : []),
  ];
}

function succeeds(command: string): Promise<boolean> {
  return run('sh', ['-c', command]).then(
    () => true,
    () => false,
  );
}

async function sourcesOf(...names: readonly string[]): Promise<string> {
  for (const name of names) await cp(join(SOURCES, name), join(BUILT, name), { recursive: true });
  return join(BUILT, names[0] as string);
}

async function build(folder: string, file: string, args: readonly string[]): Promise<void> {
  process.stderr.write(`building ${folder.slice(BUILT.length)}: ${file} ${args[0]} …\n`);
  await run(file, args, { cwd: folder, timeout: BUILD_MS, maxBuffer: 64 * 1024 * 1024 });
}

async function flink(): Promise<Peer> {
  const folder = await sourcesOf('flink');
  await build(folder, 'mvn', ['-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=lib']);
  await mkdir(join(folder, 'classes'), { recursive: true });
  await build(folder, 'sh', ['-c', "javac -nowarn -d classes -cp 'lib/*' src/main/java/bench/*.java"]);
  return {
    name: 'Flink, heap, p = 2',
    command: ({ bootstrap, topic, redisPort, prefix }, scratch) => ({
      file: 'java',
      args: [
        '-Xmx1g',
        '-XX:+UseParallelGC',
        ...JVM,
        '-Dp=2',
        '-Dbackend=hashmap',
        `-Dcheckpoints=${scratch}`,
        '-Dorg.slf4j.simpleLogger.defaultLogLevel=error',
        '-cp',
        `${join(folder, 'classes')}:${join(folder, 'lib')}/*`,
        'bench.FlinkJob',
        bootstrap,
        topic,
        String(redisPort),
        prefix,
      ],
    }),
  };
}

async function floor(): Promise<Peer> {
  const folder = await sourcesOf('limit');
  await build(folder, 'cargo', ['build', '--release', '--quiet']);
  return {
    name: 'floor: a bare loop in Rust, one thread',
    command: ({ bootstrap, topic, redisPort, prefix }) => ({
      file: join(folder, 'target/release/limit'),
      args: [bootstrap, topic, String(redisPort), prefix],
    }),
  };
}

async function dbsp(step: number): Promise<Peer> {
  const folder = await sourcesOf('dbsp', 'limit');
  await build(folder, 'cargo', ['build', '--release', '--quiet']);
  return {
    name: `DBSP, two workers, steps of ${step.toLocaleString('en')} events`,
    command: ({ bootstrap, topic, redisPort, prefix }) => ({
      file: join(folder, 'target/release/dbspjob'),
      args: [bootstrap, topic, String(redisPort), prefix],
      env: { STEP: String(step), WORKERS: '2' },
    }),
  };
}

/** What each prints at its end, after "RESULT ": instants in epoch ms, CPU in s. */
interface Result {
  readonly firstAt: number;
  readonly lastAt: number;
  readonly events: number;
  readonly cpu: number;
  readonly cpuReady: number;
  readonly maxRssKb: number;
}

/** From its first event to the end of what it writes; its CPU from when it stood ready. */
export async function runPeer({ name, command }: Peer, place: PeerPlace): Promise<WorkersRun> {
  const scratch = await mkdtemp(join(tmpdir(), 'tributary-peer-'));
  const { file, args, env } = command(place, scratch);
  const child = spawn(file, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS,
    killSignal: 'SIGKILL',
  });
  try {
    const texts = ['', ''];
    child.stdout.on('data', (chunk) => (texts[0] += String(chunk)));
    child.stderr.on('data', (chunk) => (texts[1] = `${texts[1]}${chunk}`.slice(-2_000)));
    const [code] = await once(child, 'close');
    const line = texts[0]?.split('\n').find((text) => text.startsWith('RESULT '));
    if (code !== 0 || line === undefined) throw new Error(`${name} ended with ${code}: ${texts[1]}`);
    const { firstAt, lastAt, cpu, cpuReady, maxRssKb } = JSON.parse(line.slice('RESULT '.length)) as Result;
    return { seconds: (lastAt - firstAt) / 1000, cpuSeconds: cpu - cpuReady, peakMegabytes: maxRssKb / 1024 };
  } finally {
    child.kill('SIGKILL');
    await rm(scratch, { recursive: true, force: true });
  }
}

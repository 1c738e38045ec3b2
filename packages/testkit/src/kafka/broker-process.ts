/** One broker: a Java process under a guard, its log in a file. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { TributaryError } from '@tributary/model/errors';
import { stopProcess } from '../servers/stop-process.ts';
import type { BrokerPlace } from './broker-settings.ts';
import { propertiesText } from './broker-settings.ts';
import type { KafkaFiles } from './files-of-kafka.ts';

export interface Broker {
  readonly id: number;
  readonly port: number;
  /** The id of the Java process; null while it does not run. */
  readonly pid: number | null;
  readonly logFile: string;
  /** SIGKILL, as a crash would; resolves once it is gone. */
  kill(): Promise<void>;
  /** Orderly: hands its partitions over, then ends. After `withinMs`, 20 s by default, SIGKILL. */
  stop(withinMs?: number): Promise<void>;
  /** On the same port and data. Resolves once it serves: of three brokers that needs two. Rejects after 60 s. */
  start(): Promise<void>;
  /** SIGSTOP: connections stay open and, once it resolves, nothing answers. */
  pause(): Promise<void>;
  resume(): void;
}

const READY_MS = 60_000;
const STOP_MS = 20_000;
const FORMAT_MS = 60_000;
const POLL_MS = 50;
/**
 * Small and quick to start: no second compiler, no parallel collector, and room for what a start allocates. No counters for other programs:
 * they are kept in a file in /tmp, wherever its temporary folder is, which a broker that is killed leaves.
 */
const JVM = [
  ...['-Xms128m', '-Xmn64m', '-Xmx256m', '-Xshare:auto', '-XX:-UsePerfData'],
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Djava.awt.headless=true'],
];
const LOGGING = [
  'defaultLogLevel=warn',
  'log.kafka.server.KafkaRaftServer=info',
  'log.kafka.server.BrokerServer=info',
  'showDateTime=true',
  'dateTimeFormat=HH:mm:ss.SSS',
].map((setting) => `-Dorg.slf4j.simpleLogger.${setting}`);
const STARTED = 'Kafka Server started';

/**
 * A broker does not notice when its parent dies, so a shell holds the other end of a pipe (descriptor 3) for it: at its end
 * of file the broker is killed and the folder in $1, if any, removed. The first line on stdout is the broker's process id.
 */
const GUARD = `
folder=$1; shift
"$@" 3<&- >&2 & broker=$!
echo "$broker"
( read -r _ <&3; trap '' TERM; kill -KILL "$broker"
  if [ -n "$folder" ]; then sleep 1; rm -rf "$folder"; fi ) >/dev/null 2>&1 & watch=$!
exec 3<&-
wait "$broker"; code=$?
kill "$watch" 2>/dev/null
exit "$code"
`;

export interface BrokerOptions {
  readonly files: KafkaFiles;
  readonly place: BrokerPlace;
  readonly settings: Readonly<Record<string, string>>;
  /** The option by which Java writes or reads its archive of classes (class-archive.ts), if there is one. */
  readonly classes: readonly string[];
  /** Removed should this process die; null keeps the data. */
  readonly temporary: string | null;
}

/**
 * Writes settings and, where the data folder is new, formats it for the cluster. Kafka's own tool does that once, a second of a
 * processor: what it wrote but for the names is the same for all, and kept beside the jars.
 */
export async function formatStorage(options: BrokerOptions, clusterId: string): Promise<void> {
  const { files, place, settings } = options;
  await mkdir(place.dataDir, { recursive: true, mode: 0o700 });
  await writeFile(propertiesFile(place), propertiesText(settings), { mode: 0o600 });
  const names = join(place.dataDir, 'meta.properties');
  if (existsSync(names)) return;
  const begins = join(place.dataDir, 'bootstrap.checkpoint');
  const kept = `${files.jars}.begins`;
  if (!existsSync(kept)) {
    await formatByTool(options, clusterId);
    const staged = `${kept}.${randomBytes(4).toString('hex')}`;
    await copyFile(begins, staged);
    return rename(staged, kept);
  }
  await copyFile(kept, begins);
  const directoryId = `A${randomBytes(16).toString('base64url').slice(1)}`;
  const facts = { version: '1', 'cluster.id': clusterId, 'node.id': String(place.id), 'directory.id': directoryId };
  await writeFile(names, propertiesText(facts), { mode: 0o600 });
}

async function formatByTool({ files, place, classes }: BrokerOptions, clusterId: string): Promise<void> {
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile(place)];
  try {
    const tool = [...JVM, ...classes, ...LOGGING, '-cp', classPath(files), ...format];
    await promisify(execFile)(files.java, tool, { timeout: FORMAT_MS });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new TributaryError(
      'dependency_missing',
      `the storage of Kafka in ${place.dataDir} cannot be formatted: ${stderr || message}`,
    );
  }
}

/** Whether Java takes an archive of classes: one for another class path or Java it refuses, at one that was cut short it dies. */
export async function isReadable(files: KafkaFiles, archive: string): Promise<boolean> {
  const quiet = ['-XX:ErrorFile=/dev/null', '-XX:-CreateCoredumpOnCrash'];
  const options = [...JVM, '-Xshare:on', `-XX:SharedArchiveFile=${archive}`, ...quiet, '-cp', classPath(files), '-version'];
  return promisify(execFile)(files.java, options, { timeout: READY_MS }).then(
    () => true,
    () => false,
  );
}

/** Does not start it yet. */
export function openBroker({ files, place, temporary, classes }: BrokerOptions): Broker {
  const logFile = join(place.dataDir, 'broker.log');
  // Java unpacks its native libraries there, and when killed leaves them.
  const scratch = `${place.dataDir}.tmp`;
  const java = [files.java, ...JVM, `-Djava.io.tmpdir=${scratch}`, ...classes, ...LOGGING];
  const command = [...java, '-cp', classPath(files), 'kafka.Kafka', propertiesFile(place)];
  let guard: ChildProcess | null = null;
  let pid: number | null = null;
  let launched: Promise<unknown> = Promise.resolve();

  async function start(): Promise<void> {
    if (guard !== null) throw new Error(`broker ${place.id} runs already`);
    rmSync(scratch, { recursive: true, force: true });
    mkdirSync(scratch, { mode: 0o700 });
    const log = openSync(logFile, 'w', 0o600);
    const child = spawn('/bin/sh', ['-c', GUARD, 'tributary-kafka', temporary ?? '', ...command], {
      stdio: ['ignore', 'pipe', log, 'pipe'],
      detached: true,
    });
    closeSync(log);
    guard = child;
    const limit = AbortSignal.timeout(READY_MS);
    const launching = firstLine(child, limit).then((id) => (pid = guard === child ? id : null));
    launched = launching.catch(() => {});
    child.once('exit', () => {
      guard = null;
      pid = null;
    });
    try {
      await launching;
      while (!readFileSync(logFile, 'utf8').includes(STARTED)) {
        if (guard !== child) throw new Error('it ended');
        await sleep(POLL_MS, undefined, { signal: limit });
      }
    } catch (error) {
      await end('SIGKILL');
      const why = limit.aborted ? `it does not serve after ${READY_MS} ms` : (error as Error).message;
      throw new TributaryError('dependency_missing', `broker ${place.id} of Kafka did not start: ${why}\n${endOf(logFile)}`);
    }
  }

  function signal(name: NodeJS.Signals): void {
    if (pid === null) return;
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  async function end(how: 'SIGTERM' | 'SIGKILL', withinMs = STOP_MS): Promise<void> {
    await launched;
    if (guard === null) return;
    const gone = once(guard, 'exit');
    signal(how);
    signal('SIGCONT');
    if (how === 'SIGTERM') await Promise.race([gone, sleep(withinMs, undefined, { ref: false })]);
    signal('SIGKILL');
    await gone;
  }

  return {
    id: place.id,
    port: place.port,
    logFile,
    get pid() {
      return pid;
    },
    kill: () => end('SIGKILL'),
    stop: (withinMs) => end('SIGTERM', withinMs),
    start,
    pause: async () => {
      if (pid !== null) await stopProcess(pid);
    },
    resume: () => signal('SIGCONT'),
  };
}

/** For a message. Where the others of a cluster failed, the folder may be gone already. */
function endOf(logFile: string): string {
  return existsSync(logFile) ? readFileSync(logFile, 'utf8').slice(-2_000) : '';
}

function classPath({ jars }: KafkaFiles): string {
  return join(jars, '*');
}

function propertiesFile({ dataDir }: BrokerPlace): string {
  return join(dataDir, 'server.properties');
}

async function firstLine(child: ChildProcess, signal: AbortSignal): Promise<number> {
  if (child.stdout === null) throw new Error('the guard of Kafka has no stdout');
  const ended = once(child, 'exit', { signal }).then(() => Promise.reject(new Error('it ended')));
  ended.catch(() => {});
  const [line] = (await Promise.race([once(child.stdout, 'data', { signal }), ended])) as [Buffer];
  return Number.parseInt(line.toString(), 10);
}

/**
 * The life of a service: read the configuration, start, tell who started us when ready or why not, drain on a signal, end.
 *
 *  - SIGTERM, SIGINT, SIGHUP, or a parent that vanished (its IPC channel closed): `signal` aborts, `drain` has 4 s, exit 0.
 *    During the start: the same within 1 s, whatever it waits for.
 *  - An uncaught error is a defect: it is logged and the process ends with 1; state is only ever what was committed.
 *  - What is wrong with the settings, or with what they name, ends the start with 2: no other start would go better.
 */
import { flushCompileCache } from 'node:module';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import { type Logger, pino, stdSerializers } from 'pino';
import { Counter, collectDefaultMetrics, Registry } from 'prom-client';
import { type Config, type ConfigTable, helpText, readConfig, wantsHelp } from '../config/read-config.ts';
import { type DiskSpace, redisFolderTrouble, watchDisk } from '../data-folder/disk-space.ts';
import { DATA_FOLDER_SETTINGS } from '../data-folder/settings.ts';
import { isRefusal, REFUSED } from '../error-kinds.ts';
import { settled } from '../wait.ts';
import { forgetStartWhenIdle } from './forget-start.ts';
import { serveHealth } from './health.ts';
import { type LogDestination, logDestination } from './log-destination.ts';
import type { Readiness, Service } from './readiness.ts';
import { reportReady, type ServiceMessage } from './report-ready.ts';
import { keepTickShape } from './tick-shape.ts';

export interface ServiceContext<T extends ConfigTable> {
  readonly config: Config<T>;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Room on the disk under the embedded Redis. */
  readonly disk: DiskSpace;
  /** Aborts when the service shall end. */
  readonly signal: AbortSignal;
}

const DRAIN_MS = 4_000;
/** A start that is broken off has nothing to drain: it ends by itself, or is ended. */
const BROKEN_OFF_MS = 1_000;

/** What is about settings and is not in the table. */
export interface AboutSettings<T extends ConfigTable> {
  /** Sentences; any of them ends the start as a setting does that is wrong. */
  readonly troubles: readonly string[];
  /** What an operator should know of settings that are right. */
  readonly notesOf: (config: Config<T>) => readonly string[];
}

/** Exit codes: 0 drained, 1 failed, `REFUSED`. Ends the process; call it from a `main.ts` only. */
export async function runService<T extends ConfigTable>(
  name: string,
  table: T,
  start: (context: ServiceContext<T>) => Promise<Service>,
  { troubles, notesOf }: AboutSettings<T> = { troubles: [], notesOf: () => [] },
): Promise<void> {
  if (wantsHelp(process.argv)) {
    process.stdout.write(helpText(name, table));
    return;
  }
  const config = configOrExit(name, table, troubles);
  keepTickShape();
  // Whatever is written is for this user only: events, keys, what DuckDB and its children stage.
  process.umask(0o077);
  const level = 'logLevel' in config ? String(config['logLevel']) : 'info';
  const destination = logDestination(1, (dropped) => droppedLine(name, dropped));
  const log = pino({ name, level, base: { pid: process.pid }, serializers: { err: withoutCommand } }, destination);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  countDropped(metrics, destination);
  const controller = new AbortController();
  const stopping = whenStopped(controller.signal, log, (cause) => {
    log.info({ cause }, 'draining');
    controller.abort();
  });

  try {
    warnOfPlainHttp(config, log);
    for (const note of notesOf(config)) log.warn(note);
    const disk = await watchedDisk(config, log, controller.signal);
    const starting = start({ config, log, metrics, disk, signal: controller.signal });
    const started = await Promise.race([starting, stopping.then(() => settled(starting, BROKEN_OFF_MS))]);
    // It may wait for a minute, as for a file that Redis writes.
    if (started === 'timeout' || started === 'aborted') process.exit(0);
    const service = hasOwnHttp(config) ? started : { ...started, ready: () => readyWithRoom(started, disk) };
    const health = await healthFor(config, service, metrics);
    if (process.send !== undefined) void tellReadiness(service, controller.signal);
    await stopping;
    const drained = (await settled(Promise.all([service.drain(), health?.close()]), DRAIN_MS)) !== 'timeout';
    if (!drained) log.error({ drainMs: DRAIN_MS }, 'not drained in time; ending all the same');
    process.exit(drained ? 0 : 1);
  } catch (error) {
    if (controller.signal.aborted) process.exit(0);
    fail(log, error, isRefusal(error) ? REFUSED : 1);
  }
}

/** The Redis library hangs the whole command on its errors: events, or a password. */
function withoutCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { command: _, ...rest } = stdSerializers.err(error) as unknown as Readonly<Record<string, unknown>>;
  return rest;
}

/** One line as pino writes it. */
function droppedLine(name: string, dropped: number): string {
  const fields = { level: 40, time: Date.now(), pid: process.pid, name, dropped };
  return `${JSON.stringify({ ...fields, msg: 'log lines could not be written, and were dropped' })}\n`;
}

function countDropped(metrics: Registry, destination: LogDestination): void {
  new Counter({
    name: 'tributary_log_lines_dropped_total',
    help: 'log lines that could not be written: the disk was full, or the reader stood still',
    registers: [metrics],
    collect() {
      this.reset();
      this.inc(destination.dropped());
    },
  });
}

async function watchedDisk(config: Readonly<Record<string, unknown>>, log: Logger, signal: AbortSignal): Promise<DiskSpace> {
  const { redisFolder: byDefault, diskReserveMb: reserve } = DATA_FOLDER_SETTINGS;
  const { redisFolder = byDefault.default, diskReserveMb = reserve.default } = config;
  const wrongFolder = redisFolderTrouble(String(redisFolder));
  if (wrongFolder !== undefined) throw new TributaryError('invalid_config', wrongFolder);
  return watchDisk({
    folder: String(redisFolder),
    reserveMb: Number(diskReserveMb),
    signal,
    onChange: (trouble) => (trouble === null ? log.info('the disk has room again') : log.error(trouble)),
  });
}

/** Collector and API say on their own `/readyz` what a full disk means to them: who only reads goes on. */
function hasOwnHttp(config: Readonly<Record<string, unknown>>): boolean {
  return 'collectorPort' in config || 'apiPort' in config;
}

/** Keys and events go over it as they are. Roles without HTTP of their own show figures only. */
function warnOfPlainHttp(config: Readonly<Record<string, unknown>>, log: Logger): void {
  const { host } = config;
  if (typeof host !== 'string' || !hasOwnHttp(config) || isLoopback(host)) return;
  log.warn(
    { host },
    `plain HTTP on ${host} lets others on the way read keys and events. Let a proxy end TLS, or listen on 127.0.0.1`,
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** Readiness of a role without HTTP of its own: a disk that is nearly full is the first reason to name. */
async function readyWithRoom(service: Service, disk: DiskSpace): Promise<Readiness> {
  const trouble = disk.trouble();
  return trouble === null ? service.ready() : { ok: false, detail: trouble };
}

/** All that is wrong is said at once. */
function configOrExit<T extends ConfigTable>(name: string, table: T, others: readonly string[]): Config<T> {
  const troubles = [...others];
  try {
    const config = readConfig(name, table, process.env, process.argv.slice(2));
    if (troubles.length === 0) return config;
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    troubles.unshift(error.message);
  }
  process.stderr.write(`${troubles.join('\n')}\n`);
  process.exit(REFUSED);
}

/** Resolves once the service shall end, after having called `onStop`. */
function whenStopped(signal: AbortSignal, log: Logger, onStop: (cause: string) => void): Promise<void> {
  process.on('uncaughtException', (error) => fail(log, error));
  process.on('unhandledRejection', (reason) => fail(log, reason));
  return new Promise((resolve) => {
    const stop = (cause: string) => {
      if (signal.aborted) return;
      onStop(cause);
      resolve();
    };
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => stop(name));
    if (process.channel) process.on('disconnect', () => stop('the parent is gone'));
  });
}

function healthFor(config: Readonly<Record<string, unknown>>, service: Service, metrics: Registry) {
  const { healthPort, host } = config;
  if (typeof healthPort !== 'number' || healthPort === 0) return undefined;
  return serveHealth({ host: typeof host === 'string' ? host : '127.0.0.1', port: healthPort, service, metrics });
}

async function tellReadiness({ ready }: Service, signal: AbortSignal): Promise<void> {
  // Node writes what it compiled at a clean end only: a role that was killed would compile everything again.
  const tell = (message: ServiceMessage) => {
    if (message.type === 'ready') flushCompileCache();
    tellParent(message);
  };
  await reportReady(ready, tell, signal);
  await forgetStartWhenIdle(signal);
}

/** Nothing to do without a parent process that listens. */
function tellParent(message: ServiceMessage): void {
  if (process.connected) process.send?.(message);
}

/** Their messages end with what to do, or their fix is for those who send requests. */
const HAVE_A_FIX: ReadonlySet<ErrorCode> = new Set(['invalid_config', 'invalid_definitions', 'log_unavailable']);

/** The message stands once: the line is what people look for first. */
function fail(log: Logger, error: unknown, exitCode = 1): never {
  if (error instanceof TributaryError) {
    const { code, fix, message, cause } = error;
    const why = cause instanceof Error && !message.includes(cause.message) ? { cause: cause.message } : {};
    // A message that ends as a sentence ends with what to do.
    const needsFix = !HAVE_A_FIX.has(code) && !message.endsWith('.');
    log.fatal({ code, ...why, ...(needsFix ? { fix } : {}) }, message);
  } else if (error instanceof Error) log.fatal({ stack: framesOf(error) }, `uncaught ${error.name}: ${error.message}`);
  else log.fatal(`uncaught: ${String(error)}`);
  process.exit(exitCode);
}

function framesOf({ stack = '' }: Error): string {
  return stack
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .map((line) => line.trim())
    .join('\n');
}

/**
 * The life of a service: read the configuration, start, tell who started us when ready, drain on a signal, end.
 *
 *  - SIGTERM, SIGINT, SIGHUP, or a parent that vanished (its IPC channel closed): `signal` aborts, `drain` has 4 s, exit 0.
 *  - An uncaught error is a defect: it is logged and the process ends with 1; state is only ever what was committed.
 */
import { TributaryError } from '@tributary/model/errors';
import { type Logger, pino } from 'pino';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { type Config, type ConfigTable, helpText, readConfig, wantsHelp } from './config.ts';
import { serveHealth } from './health.ts';

export interface Readiness {
  readonly ok: boolean;
  readonly detail: string;
}

export interface Service {
  /** May it be given work? Asked often; answers quickly, never throws. */
  ready(): Promise<Readiness>;
  /** Stops taking work and finishes what was taken. */
  drain(): Promise<void>;
}

export interface ServiceContext<T extends ConfigTable> {
  readonly config: Config<T>;
  readonly log: Logger;
  readonly metrics: Registry;
  /** Aborts when the service shall end. */
  readonly signal: AbortSignal;
}

/** What a service tells its parent over IPC. */
export interface ReadyMessage {
  readonly type: 'ready';
}

const DRAIN_MS = 4_000;
const READY_POLL_MS = 100;

/** Exit codes: 0 drained, 1 failed, 2 wrong configuration. Ends the process; call it from a `main.ts` only. */
export async function runService<T extends ConfigTable>(
  name: string,
  table: T,
  start: (context: ServiceContext<T>) => Promise<Service>,
): Promise<void> {
  if (wantsHelp(process.argv)) {
    process.stdout.write(helpText(name, table));
    return;
  }
  const config = configOrExit(name, table);
  const level = 'logLevel' in config ? String(config['logLevel']) : 'info';
  const log = pino({ name, level, base: { pid: process.pid } });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const controller = new AbortController();
  const stopping = whenStopped(controller.signal, log, (cause) => {
    log.info({ cause }, 'draining');
    controller.abort();
  });

  try {
    const service = await start({ config, log, metrics, signal: controller.signal });
    const health = await healthFor(config, service, metrics);
    void reportReady(service, controller.signal);
    await stopping;
    const drained = await within(DRAIN_MS, Promise.all([service.drain(), health?.close()]));
    if (!drained) log.error({ drainMs: DRAIN_MS }, 'not drained in time; ending all the same');
    process.exit(drained ? 0 : 1);
  } catch (error) {
    if (controller.signal.aborted) process.exit(0);
    fail(log, error);
  }
}

function configOrExit<T extends ConfigTable>(name: string, table: T): Config<T> {
  try {
    return readConfig(name, table, process.env, process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    process.stderr.write(`${error.message}\n${error.fix}\n`);
    process.exit(2);
  }
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

async function reportReady(service: Service, signal: AbortSignal): Promise<void> {
  if (process.send === undefined) return;
  while (!signal.aborted && process.connected) {
    if ((await service.ready()).ok) {
      const message: ReadyMessage = { type: 'ready' };
      process.send(message);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** False when `work` did not settle in time; rejects as `work` does. */
async function within(limitMs: number, work: Promise<unknown>): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function fail(log: Logger, error: unknown): never {
  if (error instanceof TributaryError) log.fatal({ err: error, code: error.code, fix: error.fix }, error.message);
  else log.fatal({ err: error }, 'uncaught error');
  process.exit(1);
}

/**
 * Starts a whole platform on one machine: a Redis of its own, then every role as a child process. The start command, the
 * end-to-end tests, the story and the benchmark all start it here.
 *
 * No process outlives it: `stop` ends all within 5 s, and where the caller itself is killed, the roles see their IPC
 * channel close and drain, and Redis' guard sees its pipe close and ends Redis after them.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { readConfig } from '@tributary/runtime/config/read-config';
import { watchDisk } from '@tributary/runtime/data-folder/disk-space';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { DATA_FOLDER_SETTINGS } from '@tributary/runtime/data-folder/settings';
import { type Ports, portsFrom } from '@tributary/runtime/process/local-ports';
import { closeFolders } from './close-folders.ts';
import { type LocalAccess, localKeys, writeAccess } from './credentials.ts';
import { lockDataDir } from './data-lock.ts';
import { lastWords } from './last-words.ts';
import { boundLog } from './log-file.ts';
import { type Managed, type ManagedEvent, manage } from './managed-process.ts';
import { assertOwnLog } from './own-log.ts';
import { assertFree, freeBasePort } from './ports.ts';
import { redisFolder, redisSocket, redisSpec, redisUrl, socketUrl } from './redis-process.ts';
import { type Environment, ROLE_NAMES, type RoleName, roleEnvironment, roleSpec } from './roles.ts';

export interface PlatformOptions {
  readonly dataDir: string;
  /** Collector; the API listens on the next port, Redis on the one after. Default: a free block. */
  readonly basePort?: number;
  readonly host?: string;
  /** Which roles to start; default: all. The others start when `restart` is called on them. */
  readonly roles?: readonly RoleName[];
  /** Settings for every role, e.g. `{ TRIBUTARY_LOG_LEVEL: 'debug' }`. */
  readonly env?: Environment;
  /** Settings for one role; they win over `env`. */
  readonly roleEnv?: Partial<Readonly<Record<RoleName, Environment>>>;
  /** Whether a role that died is started again; default true. */
  readonly autoRestart?: boolean;
  readonly readyTimeoutMs?: number;
  /** A role that runs but says that it is not ready does not hold up the start: `Managed.unready` has its reason. */
  readonly startedIsEnough?: boolean;
  /** Aborting it stops the start, and what was started. */
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: PlatformEvent) => void;
}

/** `said`: why a role ended, in its own words, where its log has any. */
export type PlatformEvent = ManagedEvent & { readonly said: string | undefined };

export interface Platform extends LocalAccess {
  readonly ports: Ports;
  /** Absolute. */
  readonly dataDir: string;
  readonly roles: Readonly<Record<RoleName, Managed>>;
  readonly redis: Managed;
  logFile(name: RoleName | 'redis'): string;
  /** Idempotent; within 5 s. */
  stop(): Promise<void>;
}

const HOST = '127.0.0.1';
const READY_TIMEOUT_MS = 60_000;
/** The roles drain for at most 4 s; Redis ends in the rest of the 5 s. */
const ROLE_GRACE_MS = 4_200;
const REDIS_GRACE_MS = 500;
const LOG_CHECK_MS = 10_000;
/** How long the children of a killed supervisor may hold their ports. */
const STALE_GRACE_MS = 12_000;

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const host = options.host ?? HOST;
  const dataDir = resolve(options.dataDir);
  const lock = lockDataDir(dataDir);
  const started: Managed[] = [];
  let logTimer: NodeJS.Timeout | undefined;
  let stopping: Promise<void> | undefined;

  const stop = () => {
    stopping ??= stopAll(started, () => {
      clearInterval(logTimer);
      lock.release();
    });
    return stopping;
  };

  const onAbort = () => void stop();
  options.signal?.addEventListener('abort', onAbort);
  try {
    options.signal?.throwIfAborted();
    closeFolders(dataDir);
    await assertRoom(dataDir, { ...process.env, ...options.env });
    const ports = portsFrom(options.basePort ?? (await freeBasePort(host, Math.random)));
    await assertFree(host, ports, lock.wasStale ? STALE_GRACE_MS : 0);
    const password = randomBytes(24).toString('hex');
    const addresses = {
      collectorUrl: `http://${host}:${ports.collector}`,
      apiUrl: `http://${host}:${ports.api}`,
      redisUrl: redisUrl(host, ports.redis, password),
    };
    const keys = await localKeys(dataDir, Date.now());
    const logFile = (name: string) => dataPath(dataDir, 'logs', `${name}.log`);
    const autoRestart = options.autoRestart ?? true;
    const onEvent = (event: ManagedEvent) =>
      options.onEvent?.({ ...event, said: event.type === 'ended' ? lastWords(logFile(event.name)) : undefined });
    const readyMs = options.readyTimeoutMs ?? READY_TIMEOUT_MS;

    // An abort before this found nothing to stop, and `stop` runs once.
    options.signal?.throwIfAborted();
    const socket = await redisSocket(dataDir);
    const redis = manage(
      redisSpec({ host, port: ports.redis, password, dataDir, socket, logFile: logFile('redis'), autoRestart, onEvent }),
      Date.now,
    );
    started.push(redis);
    await readyOrTell(redis, readyMs, logFile);
    await assertOwnLog(addresses.redisUrl, dataDir, { ...process.env, ...options.env });

    options.signal?.throwIfAborted();

    const ofRoles = socket === null ? addresses.redisUrl : socketUrl(socket, password);
    const wanted = options.roles ?? ROLE_NAMES;
    const roles = Object.fromEntries(
      ROLE_NAMES.map((name) => {
        const extra = { ...options.env, ...options.roleEnv?.[name] };
        const env = roleEnvironment(name, { host, ports, dataDir, redisUrl: ofRoles }, process.env, extra);
        const spec = roleSpec({ name, env, logFile: logFile(name), autoRestart, onEvent });
        const role = manage(spec, Date.now, wanted.includes(name));
        started.push(role);
        return [name, role];
      }),
    ) as Record<RoleName, Managed>;
    await Promise.all(wanted.map((name) => readyOrTell(roles[name], readyMs, logFile, options.startedIsEnough)));

    options.signal?.throwIfAborted();

    writeAccess(dataDir, { ...addresses, keys });
    logTimer = setInterval(() => {
      for (const { name } of started) boundLog(logFile(name));
    }, LOG_CHECK_MS);
    logTimer.unref();
    return {
      ...addresses,
      ports,
      dataDir,
      keys,
      roles,
      redis,
      logFile,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  } finally {
    options.signal?.removeEventListener('abort', onAbort);
  }
}

/** A platform that could take nothing says so at once, not after a minute of waiting for its collector. */
async function assertRoom(dataDir: string, env: Environment): Promise<void> {
  const { diskReserveMb } = readConfig('npm start', { diskReserveMb: DATA_FOLDER_SETTINGS.diskReserveMb }, env, []);
  const folder = redisFolder(dataDir);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const measuredOnce = AbortSignal.abort();
  (await watchDisk({ folder, reserveMb: diskReserveMb, signal: measuredOnce, onChange: () => {} })).assertRoom();
}

async function stopAll(started: readonly Managed[], after: () => void): Promise<void> {
  const [redis, ...roles] = started;
  await Promise.all(roles.map((role) => role.stop(ROLE_GRACE_MS)));
  await redis?.stop(REDIS_GRACE_MS);
  after();
}

/** A role that does not come up says why in its own log. */
async function readyOrTell(
  role: Managed,
  timeoutMs: number,
  logFile: (name: string) => string,
  startedIsEnough = false,
): Promise<void> {
  try {
    await (startedIsEnough ? role.whenStarted(timeoutMs) : role.whenReady(timeoutMs));
  } catch (cause) {
    const file = logFile(role.name);
    const said = lastWords(file);
    const words = said === undefined ? 'Its log names no trouble' : `It said: ${said}`;
    const message = `${(cause as Error).message}.\n${words}\nIts log is ${file}`;
    throw cause instanceof TributaryError ? new TributaryError(cause.code, message, { cause }) : new Error(message, { cause });
  }
}

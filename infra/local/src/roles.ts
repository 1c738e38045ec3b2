/** The roles of a platform: where each starts and what its environment says. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ports } from '@tributary/runtime/process/local-ports';
import type { ServiceMessage } from '@tributary/runtime/process/report-ready';
import { openLog } from './log-file.ts';
import type { ManagedSpec } from './managed-process.ts';
import { redisFolder } from './redis-process.ts';

export const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url));

const ENTRIES = {
  collector: 'services/collector/src/main.ts',
  speed: 'services/speed/src/main.ts',
  archiver: 'services/archiver/src/main.ts',
  api: 'services/api/src/main.ts',
  recompute: 'jobs/recompute/src/main.ts',
} as const;
export type RoleName = keyof typeof ENTRIES;
export const ROLE_NAMES = Object.keys(ENTRIES) as RoleName[];

export type Environment = Readonly<Record<string, string | undefined>>;

/** What every role is given. `inherited` is the caller's environment, `extra` wins over everything. */
export function roleEnvironment(
  role: RoleName,
  { host, ports, dataDir, redisUrl }: { host: string; ports: Ports; dataDir: string; redisUrl: string },
  inherited: Environment,
  extra: Environment,
): NodeJS.ProcessEnv {
  const own: Environment = {
    // With what Node compiled before, a role and each child of the batch layer takes half as long to start.
    NODE_COMPILE_CACHE: inherited['NODE_COMPILE_CACHE'] ?? join(REPOSITORY, '.tributary', 'compile-cache'),
    TRIBUTARY_REDIS_URL: redisUrl,
    TRIBUTARY_REDIS_FOLDER: redisFolder(dataDir),
    TRIBUTARY_DATA_DIR: dataDir,
    TRIBUTARY_HOST: host,
    TRIBUTARY_COLLECTOR_PORT: String(ports.collector),
    TRIBUTARY_API_PORT: String(ports.api),
    TRIBUTARY_API_COLLECTORS: inherited['TRIBUTARY_API_COLLECTORS'] || `http://${host}:${ports.collector}`,
    TRIBUTARY_HEALTH_PORT: role === 'collector' || role === 'api' ? '0' : String(ports[role]),
  };
  return { ...withoutRunner(inherited), ...own, ...extra };
}

/**
 * The file that a role starts from: its program where one was built (../programs.mjs), else its source. What is loaded before it (`--import`) is
 * there to change its modules, and those of a program are its own.
 */
export function programOf(role: RoleName, { BUILT_PROGRAMS: built, NODE_OPTIONS: options }: Environment = process.env): string {
  const program = built === undefined || options?.includes('--import') ? '' : join(built, `${role}.mjs`);
  return existsSync(program) ? program : join(REPOSITORY, ENTRIES[role]);
}

/** For `forgetStart` of packages/runtime: a role gives back what its start took once it has little to do. */
const GIVES_BACK = '--expose-gc';
/**
 * How Node is started. A collector gets a small young generation: under load V8's own stops all requests for 12 ms each time, this one for 4 (decision 36).
 * The API gets a bounded one too: by itself V8 lets it grow to 67 MB at rest, and a request costs no less with them. With half as much, each collection
 * would copy mostly what dozens of requests under way hold; after a pause most are under way, so the pause would grow longer. One thread collects it: little
 * of it lives, and to wake others, and to wait for them where they share processors with who asks, takes 5 to 10 % of what a request costs. V8 makes what once
 * lived long in old memory at once, and all that it points at stays as well: after some values were kept, that was each whole request (decision 60). And while
 * little is asked it lowers the size at which it collects all, so that the next requests pay: now it is four times of what lives, at rest as well. A speed
 * worker gets a small young generation too, and collects its heap when it is twice what lives: V8 lets it grow to four times of that, 395 MB of 85 (decision 41).
 */
export const NODE_FLAGS: Readonly<Record<RoleName, readonly string[]>> = {
  collector: [GIVES_BACK, '--max-semi-space-size=4'],
  speed: [GIVES_BACK, '--max-semi-space-size=16', '--heap-growing-percent=100'],
  archiver: [GIVES_BACK],
  api: [
    GIVES_BACK,
    '--max-semi-space-size=16',
    '--no-parallel-scavenge',
    '--no-allocation-site-pretenuring',
    '--heap-growing-percent=300',
  ],
  recompute: [GIVES_BACK],
};

export interface RoleOptions {
  readonly name: RoleName;
  readonly env: NodeJS.ProcessEnv;
  readonly logFile: string;
  readonly autoRestart: boolean;
  readonly onEvent: ManagedSpec['onEvent'];
}

/** A role says over IPC that it is ready, or why it is not; the same channel, once closed, says that its supervisor is gone. */
export function roleSpec({ name, env, logFile, autoRestart, onEvent }: RoleOptions): ManagedSpec {
  return {
    name,
    autoRestart,
    onEvent,
    spawn() {
      const descriptor = openLog(logFile);
      // In the folder of the start: what a setting names relative to it is what the check before the start looked at.
      const child = spawn(process.execPath, [...NODE_FLAGS[name], programOf(name, env)], {
        env,
        stdio: ['ignore', descriptor, descriptor, 'ipc'],
        detached: true,
      });
      child.once('spawn', () => closeSync(descriptor));
      return child;
    },
    ready: firstReadyMessage,
  };
}

function firstReadyMessage(child: ChildProcess, signal: AbortSignal, tellUnready: (why: string) => void): Promise<number> {
  return new Promise((ready, reject) => {
    child.on('message', (message) => {
      const report = message as ServiceMessage;
      if (report.type === 'ready') ready(child.pid as number);
      else tellUnready(report.detail);
    });
    signal.addEventListener('abort', () => reject(new Error('ended before it was ready')), { once: true });
  });
}

/** The variables of npm and of a test runner are theirs: a role behaves the same from any of them. */
function withoutRunner(env: Environment): Environment {
  const foreign = /^(npm_|VITEST|NODE_OPTIONS$|NODE_ENV$|TEST$|INIT_CWD$)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

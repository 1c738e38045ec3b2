/**
 * Where the platform is and which key opens it. A flag wins over the environment, which wins over what `npm start` wrote
 * into `<data-dir>/keys.local.json`, which wins over the default ports.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Scope } from '@tributary/runtime/keys';
import { CommandError, EXIT, UsageError } from './exit.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly collectorUrl?: string;
  readonly redisUrl?: string;
  readonly key?: string;
  readonly dataDir?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly dataDir: string;
  readonly apiUrl: string;
  readonly collectorUrl: string;
  readonly redisUrl: string;
  /** The key for a scope. Throws with the ways to give one when there is none. */
  key(scope: Scope): string;
  /** The same, or undefined. */
  keyIfAny(scope: Scope): string | undefined;
}

/** What `npm start` leaves for the tools on the same machine, readable by its owner only (infra/local/src/credentials.ts). */
interface LocalAccess {
  readonly apiUrl?: string;
  readonly collectorUrl?: string;
  readonly redisUrl?: string;
  readonly keys?: Partial<Record<Scope, string>>;
}

export const LOCAL_KEYS_FILE = 'keys.local.json';

export function resolveSettings(options: GlobalOptions, env: Environment, cwd: string, home: string): Settings {
  const dataDir = dataDirOf(options, env, cwd, home);
  const local = readLocalAccess(join(dataDir, LOCAL_KEYS_FILE));
  const keyIfAny = (scope: Scope) =>
    options.key ??
    env[`TRIBUTARY_${scope.toUpperCase()}_KEY`] ??
    env['TRIBUTARY_KEY'] ??
    local.keys?.[scope] ??
    local.keys?.admin;
  return {
    dataDir,
    apiUrl: httpUrl('--url', options.url ?? env['TRIBUTARY_URL'] ?? local.apiUrl ?? 'http://127.0.0.1:7401'),
    collectorUrl: httpUrl(
      '--collector-url',
      options.collectorUrl ?? env['TRIBUTARY_COLLECTOR_URL'] ?? local.collectorUrl ?? 'http://127.0.0.1:7400',
    ),
    redisUrl: options.redisUrl ?? env['TRIBUTARY_REDIS_URL'] ?? local.redisUrl ?? 'redis://127.0.0.1:7402',
    keyIfAny,
    key(scope) {
      const key = keyIfAny(scope);
      if (key !== undefined && key !== '') return key;
      throw new CommandError({
        code: 'no_key',
        message: `there is no ${scope} key: ${join(dataDir, LOCAL_KEYS_FILE)} does not exist or holds none`,
        fix: `Start the platform with "npm start" (it writes that file), or give a key with --key or TRIBUTARY_${scope.toUpperCase()}_KEY.`,
        exitCode: EXIT.missing,
      });
    },
  };
}

/** `.tributary` where the command runs if it is there, else the one of the checkout the command belongs to. */
function dataDirOf(options: GlobalOptions, env: Environment, cwd: string, home: string): string {
  const named = options.dataDir ?? env['TRIBUTARY_DATA_DIR'];
  if (named !== undefined && named !== '') return resolve(cwd, named);
  const here = resolve(cwd, '.tributary');
  return existsSync(here) ? here : join(home, '.tributary');
}

function readLocalAccess(file: string): LocalAccess {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as LocalAccess;
  } catch (cause) {
    throw new CommandError(
      { code: 'invalid_config', message: `${file} is not JSON`, fix: 'Remove it and run "npm start" again.' },
      { cause },
    );
  }
}

function httpUrl(flag: string, text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text))
    throw new UsageError(`${flag} is an address such as http://127.0.0.1:7401, got "${text}"`);
  return text.replace(/\/+$/, '');
}

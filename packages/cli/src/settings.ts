/**
 * Where the platform is and which key opens it. A flag wins over the environment, which wins over what `npm start` wrote
 * into `<data-dir>/keys.local.json`, which wins over the default ports. Key and address come from one of them: key-source.ts.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isObject } from '@tributary/model/reading/json';
import { whyNoFolder } from '@tributary/runtime/config/unreadable';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { DATA_FOLDER_SETTINGS, folderNameTrouble } from '@tributary/runtime/data-folder/settings';
import type { Scope } from '@tributary/runtime/keys/file';
import { DEFAULT_PORTS } from '@tributary/runtime/process/local-ports';
import { CommandError, EXIT, UsageError } from './exit.ts';
import { readJson } from './json-text.ts';
import { belongs, firstGiven, type Given, mismatch, type Places } from './key-source.ts';

export interface GlobalOptions {
  readonly json?: boolean;
  readonly url?: string;
  readonly collectorUrl?: string;
  readonly redisUrl?: string;
  readonly key?: string;
  readonly dataDir?: string;
}

/** What takes keys. */
export type Service = 'collector' | 'api';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly dataDir: string;
  /** What named the folder, or may name another. */
  readonly dataDirFrom: string;
  readonly apiUrl: string;
  readonly collectorUrl: string;
  readonly redisUrl: string;
  /** What named it; `folder`: `npm start`, whose Redis runs while the platform does. */
  readonly redisUrlFrom: 'given' | 'folder' | 'default';
  /** The key for a scope, for the collector (where events are written) or the API. Throws with the ways to give one when there is none. */
  key(scope: Scope, service?: Service): string;
  /** The same, or undefined. */
  keyIfAny(scope: Scope): string | undefined;
  /** Collector and API were named in one place: what the one takes, the other answers. */
  isOnePlatform(): boolean;
  /** The API is that of the data folder, as far as the folder says. */
  isOfFolder(): boolean;
}

/** What `npm start` leaves for the tools on the same machine, readable by its owner only (infra/local/src/credentials.ts). */
interface LocalAccess {
  readonly apiUrl?: string;
  readonly collectorUrl?: string;
  readonly redisUrl?: string;
  readonly keys?: Partial<Record<Scope, string>>;
}

/** Where `npm start` puts them. */
const API_URL = `http://127.0.0.1:${DEFAULT_PORTS.api}`;
const COLLECTOR_URL = `http://127.0.0.1:${DEFAULT_PORTS.collector}`;
const REDIS_URL = `redis://127.0.0.1:${DEFAULT_PORTS.redis}`;

export function resolveSettings(options: GlobalOptions, env: Environment, cwd: string, home: string): Settings {
  const { dataDir, dataDirFrom } = dataDirOf(options, env, cwd, home);
  const localFile = dataPath(dataDir, 'localAccess');
  const local = readLocalAccess(localFile);
  const api = placesOf(['--url', options.url], ['TRIBUTARY_URL', env['TRIBUTARY_URL']], [localFile, local.apiUrl], API_URL);
  const collector = placesOf(
    ['--collector-url', options.collectorUrl],
    ['TRIBUTARY_COLLECTOR_URL', env['TRIBUTARY_COLLECTOR_URL']],
    [localFile, local.collectorUrl],
    COLLECTOR_URL,
  );
  const serviceOf = (scope: Scope): Service => (scope === 'write' ? 'collector' : 'api');
  const targets = { collector: [collector, '--collector-url'], api: [api, '--url'] } as const;
  const given = (scope: Scope): Given | undefined => {
    const variable = `TRIBUTARY_${scope.toUpperCase()}_KEY`;
    const named = firstGiven(
      ['flag', '--key', options.key],
      ['environment', variable, env[variable]],
      ['environment', 'TRIBUTARY_KEY', env['TRIBUTARY_KEY']],
    );
    const inFolder = firstGiven(['folder', localFile, local.keys?.[scope]], ['folder', localFile, local.keys?.admin]);
    return named ?? inFolder;
  };
  const keyIfAny = (scope: Scope) => {
    const key = given(scope);
    return key !== undefined && belongs(key, targets[serviceOf(scope)][0]) ? key.value : undefined;
  };
  const redis = firstGiven(
    ['flag', '--redis-url', options.redisUrl],
    ['environment', 'TRIBUTARY_REDIS_URL', env['TRIBUTARY_REDIS_URL']],
    ['folder', localFile, local.redisUrl],
  );
  return {
    dataDir,
    dataDirFrom,
    apiUrl: api.address.value,
    collectorUrl: collector.address.value,
    redisUrl: redis?.value ?? REDIS_URL,
    redisUrlFrom: redis === undefined ? 'default' : redis.source === 'folder' ? 'folder' : 'given',
    keyIfAny,
    isOfFolder: () => api.address.source === 'folder' || api.address.source === 'default',
    isOnePlatform: () => api.address.source === collector.address.source,
    key(scope, service = serviceOf(scope)) {
      const key = given(scope);
      const [places, urlFlag] = targets[service];
      if (key !== undefined && !belongs(key, places)) throw mismatch(key, places, urlFlag);
      if (key !== undefined) return sendable(key);
      throw new CommandError({
        code: 'no_key',
        message: `the ${scope} key was not found: ${localFile} does not exist or holds none`,
        fix: `Start the platform with "npm start" (it writes that file), or give a key with --key or TRIBUTARY_${scope.toUpperCase()}_KEY.`,
        exitCode: EXIT.missing,
      });
    },
  };
}

type Named = readonly [name: string, value: string | undefined];

function placesOf([flag, flagged]: Named, variable: Named, folder: Named, fallback: string): Places {
  const inEnvironment = firstGiven(['environment', ...variable]);
  const inFile = firstGiven(['folder', ...folder]);
  const address = firstGiven(['flag', flag, flagged]) ?? inEnvironment ?? inFile;
  const plain = (given: Given | undefined) => (given === undefined ? undefined : httpUrl(given));
  return {
    address: { source: 'default', name: 'the default', ...address, value: httpUrl(address ?? { name: flag, value: fallback }) },
    inEnvironment: plain(inEnvironment),
    inFolder: plain(inFile),
  };
}

/** The key as a header may carry it; it is never quoted. */
function sendable({ value, name }: Given): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new UsageError(
    `${name} must hold a key of visible ASCII characters (got others, which are not shown). Copy the key again, without spaces or line ends.`,
  );
}

/** `.tributary` where the command runs if it is there, else the one of the checkout the command belongs to. */
function dataDirOf(
  options: GlobalOptions,
  env: Environment,
  cwd: string,
  home: string,
): Pick<Settings, 'dataDir' | 'dataDirFrom'> {
  // Blanks name nothing, as for the roles.
  const inEnvironment = env['TRIBUTARY_DATA_DIR']?.trim() === '' ? undefined : env['TRIBUTARY_DATA_DIR'];
  const dataDirFrom = options.dataDir === undefined && inEnvironment !== undefined ? 'TRIBUTARY_DATA_DIR' : '--data-dir';
  const named = options.dataDir ?? inEnvironment ?? '';
  const trouble = named.trim() === '' ? undefined : folderNameTrouble(dataDirFrom, named);
  if (trouble !== undefined) throw new UsageError(trouble);
  if (named.trim() !== '') return { dataDir: folderAt(resolve(cwd, named), dataDirFrom, named), dataDirFrom };
  const usual = DATA_FOLDER_SETTINGS.dataDir.default;
  const here = resolve(cwd, usual);
  return { dataDir: existsSync(here) ? here : join(home, usual), dataDirFrom };
}

/** Some commands make it, and others say themselves that it is missing. */
function folderAt(path: string, name: string, named: string): string {
  const why = whyNoFolder(path);
  if (why === undefined) return path;
  throw new UsageError(`${name} must be a folder (got ${JSON.stringify(named)}: ${why}). Name another one.`);
}

function readLocalAccess(file: string): LocalAccess {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return {};
  }
  const read = readJson(text);
  const reason = read.ok ? wrongIn(read.value) : read.reason;
  if (read.ok && reason === undefined) return read.value as LocalAccess;
  throw new CommandError({
    code: 'invalid_config',
    message: `${file} must be as "npm start" writes it: ${reason}`,
    fix: 'Remove it and run "npm start" again.',
    exitCode: EXIT.usage,
  });
}

/** Which field is not as `npm start` writes it. Its value is not quoted: it may be a key. */
function wrongIn(local: unknown): string | undefined {
  if (!isObject(local)) return 'it holds no JSON object';
  const { keys = {} } = local;
  if (!isObject(keys)) return '"keys" must be an object';
  const texts = [...Object.entries(local).filter(([name]) => /Url$/.test(name)), ...Object.entries(keys)];
  const wrong = texts.find(([, value]) => typeof value !== 'string');
  return wrong === undefined ? undefined : `"${wrong[0]}" must be a text`;
}

function httpUrl({ name, value }: Pick<Given, 'name' | 'value'>): string {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value))
    throw new UsageError(`${name} must be an address such as ${API_URL} (got "${value}").`);
  const { username, password } = new URL(value);
  if (username !== '' || password !== '')
    throw new UsageError(
      `${name} must hold no key, for addresses are logged by whatever they pass (got one, which is not shown). Give the key with --key.`,
    );
  return value.replace(/\/+$/, '');
}

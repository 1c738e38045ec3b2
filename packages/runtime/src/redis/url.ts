/**
 * Which Redis a url means: one server, a cluster, or a master that Sentinels name.
 *
 *   redis://[user:password@]host[:port][/db]                          rediss:// with TLS
 *   unix://[user:password@]/path/of/the/socket[?db]                   one server on this machine
 *   redis-cluster://[user:password@]host[:port],host[:port][?tls]     every node knows all others: two or three will do
 *   redis-sentinel://[user:password@]host[:port],…/<master name>[?db&tls&sentinelUser&sentinelPassword&sentinelTls]
 *
 * `tls` also as `tls=true`. User and password are those of the data; Sentinels have their own.
 */
import { TributaryError } from '@tributary/model/errors';
import type { Wrong } from '../config/setting.ts';

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisLogin {
  readonly username?: string;
  readonly password?: string;
}

export type RedisTarget =
  | { readonly kind: 'single'; readonly url: string }
  | { readonly kind: 'socket'; readonly path: string; readonly db: number; readonly login: RedisLogin }
  | { readonly kind: 'cluster'; readonly nodes: readonly RedisAddress[]; readonly login: RedisLogin; readonly tls: boolean }
  | {
      readonly kind: 'sentinel';
      readonly sentinels: readonly RedisAddress[];
      readonly master: string;
      readonly db: number;
      readonly login: RedisLogin;
      readonly tls: boolean;
      readonly sentinelLogin: RedisLogin;
      readonly sentinelTls: boolean;
    };

const REDIS_PORT = 6_379;
const SENTINEL_PORT = 26_379;
/** Linux takes 107, macOS 103. */
const MOST_PATH_BYTES = 103;
const OPTIONS = {
  unix: ['db'],
  'redis-cluster': ['tls'],
  'redis-sentinel': ['tls', 'db', 'sentinelUser', 'sentinelPassword', 'sentinelTls'],
} as const;

/** Throws `invalid_config`; its message never quotes a password. */
export function parseRedisUrl(url: string): RedisTarget {
  const read = readRedisUrl(url);
  if ('kind' in read) return read;
  const { must, fix } = read;
  throw new TributaryError('invalid_config', `the url of Redis must ${must} (got ${shownRedisUrl(url)}). ${fix}`);
}

/** What the url means, or what is wrong with it; never quotes a password. */
export function readRedisUrl(url: string): RedisTarget | Wrong {
  try {
    return targetOf(url);
  } catch (error) {
    if (error instanceof WrongUrl) return error.wrong;
    throw error;
  }
}

class WrongUrl extends Error {
  readonly wrong: Wrong;
  constructor(must: string, fix: string) {
    super(must);
    this.wrong = { must, fix };
  }
}

const FORMS = 'redis://, rediss://, unix://, redis-cluster:// or redis-sentinel://';

function targetOf(url: string): RedisTarget {
  if (!isDecodable(url)) throw new WrongUrl('have "%" only where it stands for a character', 'Write "%" in a password as %25.');
  if (/^rediss?:\/\//.test(url)) return { kind: 'single', url };
  const parts = /^(unix|redis-cluster|redis-sentinel):\/\/(?:([^@/?]*)@)?([^@/?]*)(?:\/([^?]*))?(?:\?(.*))?$/.exec(url);
  if (parts === null) throw new WrongUrl(`begin with ${FORMS}`, 'Write an address such as redis://127.0.0.1:6379.');
  const [, , user, hosts = '', path = '', query = ''] = parts;
  const scheme = parts[1] as keyof typeof OPTIONS;
  if (`${hosts}${path}${query}`.includes('@'))
    throw new WrongUrl('have one "@" at most', 'Write "/", "?", "@" in a password as %2F, %3F, %40.');
  const options = new URLSearchParams(query);
  for (const name of options.keys())
    if (!(OPTIONS[scheme] as readonly string[]).includes(name))
      throw new WrongUrl(
        `have no option but ${OPTIONS[scheme].join(', ')}`,
        // Behind an "&" it may be a part of the password before it.
        options.has('sentinelPassword') ? 'Leave out the others, and write "&" in a password as %26.' : `Leave out "${name}".`,
      );
  const login = loginOf(user);
  if (scheme === 'unix') {
    if (hosts !== '' || path === '') throw new WrongUrl('name a socket by its whole path', 'Write unix:///run/redis/redis.sock.');
    const place = `/${decodeURIComponent(path)}`;
    if (!isSocketPath(place))
      throw new WrongUrl(`name a path of at most ${MOST_PATH_BYTES} bytes`, 'Put the socket into a folder nearer the root.');
    return { kind: 'socket', path: place, db: databaseOf(options), login };
  }
  const tls = isOn(options, 'tls');
  if (scheme === 'redis-cluster') {
    if (path !== '' && path !== '0')
      throw new WrongUrl('name no database but 0, the only one of a cluster', `Leave out "/${path}".`);
    return { kind: 'cluster', nodes: addressesOf(hosts, REDIS_PORT), login, tls };
  }
  if (path === '')
    throw new WrongUrl('end with the name of the master', 'Write redis-sentinel://host:port,host:port/<master name>.');
  return {
    kind: 'sentinel',
    sentinels: addressesOf(hosts, SENTINEL_PORT),
    master: decodeURIComponent(path),
    db: databaseOf(options),
    login,
    tls,
    sentinelLogin: asLogin(options.get('sentinelUser') ?? '', options.get('sentinelPassword') ?? ''),
    sentinelTls: isOn(options, 'sentinelTls'),
  };
}

/** Whether systems take it as the path of a socket. */
export function isSocketPath(path: string): boolean {
  return Buffer.byteLength(path) <= MOST_PATH_BYTES;
}

function databaseOf(options: URLSearchParams): number {
  const database = options.get('db') ?? '0';
  if (!/^\d{1,5}$/.test(database)) throw new WrongUrl('have a whole number as db', 'Write digits only.');
  return Number(database);
}

const HOST = String.raw`(?:\[[0-9a-fA-F:.]+\]|[\w.-]+)(?::\d{1,5})?`;
const SHOWN = new RegExp(`^(rediss?|redis-cluster|redis-sentinel)://(?:[^@/?#]*@)?(${HOST}(?:,${HOST})*)(?:[/?#][^@]*)?$`);

const SHOWN_SOCKET = /^(unix):\/\/(?:[^@/?#]*@)?(\/[\w./-]+)(?:\?[^@]*)?$/;

/** Its scheme, and its hosts or path, which are not secret. What may be a part of a password is not shown at all. */
export function shownRedisUrl(url: string): string {
  const [, scheme, hosts] = SHOWN.exec(url) ?? SHOWN_SOCKET.exec(url) ?? [];
  return scheme === undefined ? 'an address that is not shown: it may hold a password' : `${scheme}://${hosts}`;
}

function addressesOf(hosts: string, defaultPort: number): RedisAddress[] {
  return hosts.split(',').map((address) => {
    const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(address) ?? [];
    const [host, port] = [bracketed ?? plain, Number(digits ?? defaultPort)];
    if (host === undefined || port < 1 || port > 65_535)
      throw new WrongUrl(
        'name each server as host:port',
        `Correct ${/^[\w.-]*(?::\d*)?$/.test(address) ? `"${address}"` : 'the one that is not, which may hold a password'}.`,
      );
    return { host, port };
  });
}

function loginOf(text: string | undefined): RedisLogin {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  const [username, password] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
  return asLogin(decodeURIComponent(username), decodeURIComponent(password));
}

function asLogin(username: string, password: string): RedisLogin {
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

/** Not `%zz`, nor `%ff`, half a character: `URL` takes them, and decoding a password fails with an error that names neither setting nor url. */
function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url);
    return true;
  } catch {
    return false;
  }
}

function isOn(options: URLSearchParams, name: string): boolean {
  const value = options.get(name);
  if (value === null || value === 'false') return false;
  if (value === '' || value === 'true') return true;
  throw new WrongUrl(`have true or false as ${name}`, 'Write one of them.');
}

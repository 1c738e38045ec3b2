/** What waiting does not change: the url names something else than the Redis that is meant, or lacks a name or password. */
import { TributaryError } from '@tributary/model/errors';
import type { Cluster, Redis } from 'ioredis';

type Connection = Redis | Cluster;

interface Rule {
  readonly when: RegExp;
  readonly must: (connection: Connection, message: string) => string;
  readonly fix: string;
}

const dbOf = (connection: Connection) => (connection.isCluster ? 0 : ((connection as Redis).options.db ?? 0));

/** By what Redis, or whatever answers there, says. */
const RULES: readonly Rule[] = [
  {
    when: /DB index/,
    must: (connection) => `name a database that this Redis has: it has no database ${dbOf(connection)}`,
    fix: 'Write a smaller number at the end, or raise "databases" in its configuration.',
  },
  {
    when: /^NOAUTH|Authentication required/,
    must: () => 'hold the password that this Redis wants',
    fix: 'Write redis://default:PASSWORD@host:port.',
  },
  {
    when: /^WRONGPASS|^ERR AUTH|^ERR invalid password|without any password configured/,
    must: () => 'hold a name and password that this Redis accepts',
    fix: 'Correct them; without users of your own the name is "default".',
  },
  {
    when: /cluster support disabled/,
    must: () => 'name nodes of a cluster: this Redis is a single server',
    fix: 'Write redis:// for it.',
  },
  {
    when: /^Unknown RESP type|^Protocol error/,
    must: () => 'name a Redis: what answers there speaks another protocol',
    fix: 'Correct host and port; a Redis that wants TLS is written rediss://.',
  },
  {
    when: /wrong version number|packet length too long/,
    must: () => 'name a Redis that answers with TLS: what is there answers without',
    fix: 'Write redis:// instead of rediss://.',
  },
  {
    when: /certificate|altname|CERT_/i,
    must: (_, message) => `name a Redis whose certificate this machine trusts: ${message}`,
    fix: 'Add its authority with NODE_EXTRA_CA_CERTS, or write the name that the certificate has.',
  },
];

/** Null where waiting may help. */
export function refusal(connection: Connection, error: Error): TributaryError | null {
  const { lastNodeError, code = '' } = error as Error & { lastNodeError?: Error; code?: string };
  const message = `${lastNodeError?.message ?? error.message}`;
  const rule = RULES.find(({ when }) => when.test(message) || when.test(code));
  return rule === undefined ? null : refused(connection, rule.must(connection, message), rule.fix);
}

/** Rejects with `invalid_config` where a url names one server that cannot be written to, or not alone. */
export async function demandMaster(connection: Connection): Promise<void> {
  if (connection.isCluster || (connection as Redis).options.sentinels != null) return;
  const info = await connection.info().catch(() => '');
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  if (field('role') === 'slave')
    throw refused(
      connection,
      `name a master: this Redis is a replica of ${field('master_host')}:${field('master_port')}`,
      'Write the address of its master, or redis-sentinel:// with the Sentinels that know it.',
    );
  if (field('cluster_enabled') === '1')
    throw refused(
      connection,
      'begin with redis-cluster://: this Redis is a node of a cluster',
      'Write two or three of its nodes.',
    );
  const version = field('redis_version') ?? '7';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 6 || (major === 6 && minor < 2))
    throw refused(connection, `name a Redis of version 6.2 or newer: this one is ${version}`, 'Upgrade it.');
}

/** For the end of the wait: a Redis without TLS keeps silent to one who asks for it, and one that wants it hangs up. */
export function silent(connection: Connection, waitedMs: number, last: string): TributaryError {
  const tls = connection.isCluster ? undefined : (connection as Redis).options.tls;
  const message = `TRIBUTARY_REDIS_URL must name a Redis that answers (got ${placeOf(connection)}, which is not ready after ${waitedMs} ms${last}).`;
  if (!connection.isCluster && (connection as Redis).options.path != null)
    return new TributaryError('store_unavailable', `${message} Start it, or correct the path of its socket.`);
  const other = tls === undefined ? 'write rediss:// if it wants TLS' : 'write redis:// if it has no TLS';
  return new TributaryError('store_unavailable', `${message} Start it, correct the address, or ${other}.`);
}

function refused(connection: Connection, must: string, fix: string): TributaryError {
  return new TributaryError('invalid_config', `TRIBUTARY_REDIS_URL must ${must} (got ${placeOf(connection)}). ${fix}`);
}

/** Without a password. */
export function placeOf(connection: Connection): string {
  if (connection.isCluster) {
    // The nodes of the url; those that a cluster itself has named are not known where it refuses.
    const nodes = Reflect.get(connection, 'startupNodes') as readonly { readonly host: string; readonly port: number }[];
    return nodes.map((node) => `${node.host}:${node.port}`).join(', ');
  }
  const { host, port, path, name, sentinels } = (connection as Redis).options;
  if (path != null) return path;
  return sentinels == null ? `${host}:${port}` : `the master "${name}" of ${sentinels.length} Sentinels`;
}

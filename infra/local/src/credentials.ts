/**
 * The keys of a local platform. The services know hashes only; the plain keys and the addresses stay beside the data,
 * readable by their owner, so that a second start prints the same ones and the command line finds its way.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { changeKeys, type KeyRecord, keyFileOf } from '@tributary/runtime/keys/file';
import { createKey, loadKeyRing } from '@tributary/runtime/keys/ring';

/** One key each for what the tools on this machine do. */
const LOCAL_SCOPES = ['write', 'read', 'admin'] as const;

type LocalScope = (typeof LOCAL_SCOPES)[number];

export type LocalKeys = Readonly<Record<LocalScope, string>>;

export interface LocalAccess {
  readonly collectorUrl: string;
  readonly apiUrl: string;
  readonly redisUrl: string;
  readonly keys: LocalKeys;
}

const fileOf = (dataDir: string) => dataPath(dataDir, 'localAccess');

/** The name in the records of these keys. */
const NAME = 'npm start';

/** The keys of this data folder; a new one for each that is missing, or that the services would not accept. Addresses stay as they are. */
export async function localKeys(dataDir: string, now: number): Promise<LocalKeys> {
  const ringFile = keyFileOf(dataDir);
  const known = readPlain(fileOf(dataDir));
  const ring = loadKeyRing(ringFile);
  const isGood = (scope: LocalScope) => known[scope] !== undefined && ring.verify(known[scope], scope, now) === 'ok';
  const made = LOCAL_SCOPES.filter((scope) => !isGood(scope)).map((scope) =>
    createKey(scope, now, null, undefined, { name: NAME }),
  );
  // Keys of an earlier start; no process holds them now.
  const isLost = ({ name, scope }: KeyRecord) =>
    name === NAME && LOCAL_SCOPES.some((one) => one === scope && known[one] === undefined);
  // Hashes first: keys that are shown are keys that work, also after a crash in between.
  if (made.length > 0)
    await changeKeys(ringFile, (records) => [
      ...records.map((record) => (isLost(record) ? { ...record, revokedAt: record.revokedAt ?? now } : record)),
      ...made.map(({ record }) => record),
    ]);
  const keys = { ...known, ...Object.fromEntries(made.map(({ key, record }) => [record.scope, key])) } as LocalKeys;
  if (made.length > 0) writeAccess(dataDir, { ...readAccess(fileOf(dataDir)), keys });
  return keys;
}

/** Once the platform is ready: where a start failed, the command line must not ask at the ports that it did not get. */
export function writeAccess(dataDir: string, access: Partial<LocalAccess>): void {
  const staged = `${fileOf(dataDir)}.new`;
  writeFileSync(staged, `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, fileOf(dataDir));
}

function readPlain(file: string): Partial<LocalKeys> {
  const { keys } = readAccess(file) as { keys?: Partial<Record<LocalScope, unknown>> };
  return Object.fromEntries(LOCAL_SCOPES.flatMap((scope) => (typeof keys?.[scope] === 'string' ? [[scope, keys[scope]]] : [])));
}

/** What a person spoilt, or what is not there, is made again. */
function readAccess(file: string): Partial<LocalAccess> {
  try {
    const access: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof access === 'object' && access !== null ? access : {};
  } catch {
    return {};
  }
}

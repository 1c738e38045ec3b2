/**
 * The keys of a local platform. The services know hashes only; the plain keys and the addresses stay beside the data,
 * readable by their owner, so that a second start prints the same ones and the command line finds its way.
 */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKeys, writeKeys } from '@tributary/runtime/key-file';
import { createKey, loadKeyRing } from '@tributary/runtime/keys';

/** One key each for what the tools on this machine do. */
const LOCAL_SCOPES = ['write', 'read', 'admin'] as const;

export type LocalKeys = Readonly<Record<(typeof LOCAL_SCOPES)[number], string>>;

export interface LocalAccess {
  readonly collectorUrl: string;
  readonly apiUrl: string;
  readonly redisUrl: string;
  readonly keys: LocalKeys;
}

const fileOf = (dataDir: string) => join(dataDir, 'keys.local.json');

/** The keys of this data folder; new ones where there are none, or where the services would not accept them. */
export function localKeys(dataDir: string, addresses: Omit<LocalAccess, 'keys'>, now: number): LocalKeys {
  const ringFile = join(dataDir, 'keys.json');
  const known = readPlain(fileOf(dataDir));
  const ring = loadKeyRing(ringFile);
  const keys =
    known !== null && LOCAL_SCOPES.every((scope) => ring.verify(known[scope], scope, now) === 'ok')
      ? known
      : createAll(ringFile, now);
  writeAccess(dataDir, { ...addresses, keys });
  return keys;
}

/** Hashes first: keys that are shown are keys that work, also after a crash in between. */
function createAll(ringFile: string, now: number): LocalKeys {
  const created = LOCAL_SCOPES.map((scope) => ({ scope, ...createKey(scope, now) }));
  writeKeys(ringFile, [...readKeys(ringFile), ...created.map(({ record }) => record)]);
  return Object.fromEntries(created.map(({ scope, key }) => [scope, key])) as unknown as LocalKeys;
}

function writeAccess(dataDir: string, access: LocalAccess): void {
  const staged = `${fileOf(dataDir)}.new`;
  writeFileSync(staged, `${JSON.stringify(access, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, fileOf(dataDir));
}

function readPlain(file: string): LocalKeys | null {
  try {
    const { keys } = JSON.parse(readFileSync(file, 'utf8')) as { keys?: Partial<Record<keyof LocalKeys, unknown>> };
    return LOCAL_SCOPES.every((scope) => typeof keys?.[scope] === 'string') ? (keys as LocalKeys) : null;
  } catch {
    return null;
  }
}

/**
 * The keys of a local platform. The services know hashes only; the plain keys stay beside the data, readable by their
 * owner, so that a second start prints the same ones. A platform for others has no such file: `tributary` creates keys there.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createKey, loadKeyRing, readKeys, SCOPES, type Scope, writeKeys } from '@tributary/runtime/keys';

export type LocalKeys = Readonly<Record<Scope, string>>;

/** The keys of this data folder; new ones where there are none, or where the services would not accept them. */
export function localKeys(dataDir: string, now: number): LocalKeys {
  const ringFile = join(dataDir, 'keys.json');
  const known = readPlain(join(dataDir, 'keys.local.json'));
  const ring = loadKeyRing(ringFile);
  if (known !== null && SCOPES.every((scope) => ring.verify(known[scope], scope, now) === 'ok')) return known;

  const created = SCOPES.map((scope) => ({ scope, ...createKey(scope, now) }));
  const keys = Object.fromEntries(created.map(({ scope, key }) => [scope, key])) as Record<Scope, string>;
  // Hashes first: keys printed are keys that work, also after a crash in between.
  writeKeys(ringFile, [...readKeys(ringFile), ...created.map(({ record }) => record)]);
  writeFileSync(join(dataDir, 'keys.local.json'), `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 });
  return keys;
}

function readPlain(file: string): LocalKeys | null {
  try {
    const keys = JSON.parse(readFileSync(file, 'utf8')) as Partial<Record<Scope, unknown>>;
    return SCOPES.every((scope) => typeof keys[scope] === 'string') ? (keys as LocalKeys) : null;
  } catch {
    return null;
  }
}

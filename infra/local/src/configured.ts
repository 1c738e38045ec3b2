/** What `npm start` looks at before it starts anything, with what the environment says. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { examineConfiguration } from '@tributary/configuration/check/configuration';
import { TributaryError } from '@tributary/model/errors';
import { keyFileOf } from '@tributary/runtime/keys/file';
import type { Environment } from './roles.ts';
import { isUsed } from './used-folder.ts';

/** Set by the start itself, from its options and for its own Redis. */
const OWN = ['COLLECTOR_PORT', 'API_PORT', 'HEALTH_PORT', 'HOST', 'REDIS_URL', 'REDIS_FOLDER'].map((name) => `TRIBUTARY_${name}`);

const BROKERS_WAIT_MS = 5_000;

/** Throws `invalid_config` with one sentence a line for all that is wrong. Resolves with what is worth knowing, as sentences. */
export async function assertConfigured(
  dataDir: { readonly name: string; readonly path: string },
  env: Environment,
  waitMs = BROKERS_WAIT_MS,
): Promise<string[]> {
  const unused = OWN.filter((name) => (env[name] ?? '').trim() !== '');
  const used = Object.fromEntries(Object.entries(env).filter(([name]) => !OWN.includes(name)));
  const { troubles: found, notes } = await examineConfiguration({ env: used, dataDir, redis: false, waitMs });
  const troubles = found.length > 0 ? found : [...ownFolderTroubles(dataDir), ...keyTroubles(dataDir.path)];
  if (troubles.length > 0) throw new TributaryError('invalid_config', troubles.join('\n'));
  return [...notes, ...(unused.length > 0 ? [unusedSentence(unused)] : [])];
}

/** A checkout or a project would have eight folders of ours among its files, and `git clean` or a new clone would end the platform. */
function ownFolderTroubles({ name, path }: { readonly name: string; readonly path: string }): string[] {
  const other = ['.git', 'package.json'].find((file) => existsSync(join(path, file)));
  if (other === undefined || isUsed(path)) return [];
  return [
    `${name} must be a folder of its own (got "${path}", which has ${other}). Name one within it, such as ${join(path, 'data')}.`,
  ];
}

/** New keys in place of a lost file would end every key that was handed out. */
function keyTroubles(dataDir: string): string[] {
  const file = keyFileOf(dataDir);
  if (!isUsed(dataDir) || existsSync(file)) return [];
  return [
    `${file} is gone, though this platform has data: each key that was handed out is in it. Restore it. Where it cannot be restored, make a new one with: npx tributary keys create admin --new-file --data-dir '${dataDir}'`,
  ];
}

function unusedSentence(names: readonly string[]): string {
  const fix = 'Use --port and --data-dir, or start the roles one by one as docs/production.md shows.';
  return `npm start runs a Redis of its own on loopback and does not use ${names.join(', ')}. ${fix}`;
}

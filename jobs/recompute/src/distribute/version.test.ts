/** Workers of two versions never share shards: so the digest of a version covers whatever computes a row. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PROGRAM_FOLDERS, shardVersion } from './version.ts';

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url));
/** What it takes of these is a hash, where files lie, the text of a file of definitions, and how an error quotes a text and gives its reason. */
const WITHOUT_ROWS = ['config/definitions', 'config/read-text', 'config/setting', 'config/unreadable', 'data-folder/paths'].map(
  (name) => `packages/runtime/src/${name}.ts`,
);

/** The files that this one loads, those it loads, and so on; not what types alone are taken of. */
function loadedBy(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const [, from] of readFileSync(file, 'utf8').matchAll(/^import (?!type )(?:[^']* from )?'([^']+)'/gm)) {
    const path = from as string;
    if (path.startsWith('.')) loadedBy(join(dirname(file), path), seen);
    else if (path.startsWith('@tributary/')) loadedBy(fileURLToPath(import.meta.resolve(path)), seen);
  }
  return seen;
}

test('law 1: whatever the computing of a shard loads of ours is in the digest of its version', () => {
  const loaded = [...loadedBy(fileURLToPath(import.meta.resolve('@tributary/archive/compute/compute')))];
  const outside = loaded.filter((file) => !PROGRAM_FOLDERS.some((folder) => !relative(folder, file).startsWith('..')));
  expect(outside.map((file) => relative(REPOSITORY, file)).filter((file) => !WITHOUT_ROWS.includes(file))).toEqual([]);
  expect(loaded.length).toBeGreaterThan(40);
  expect(shardVersion()).toMatch(/^[0-9a-f]{12}$/);
});

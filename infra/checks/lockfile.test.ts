/** The lockfile names the bytes of every package, those of other platforms too: `npm ci` takes an entry without a hash as it comes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { REPOSITORY } from './source-files.ts';

type Entry = { readonly link?: boolean; readonly integrity?: string };

function withoutHash(packages: Readonly<Record<string, Entry>>): string[] {
  return Object.entries(packages)
    .filter(
      ([path, entry]) =>
        path.includes('node_modules/') && !entry.link && !/^sha512-[A-Za-z0-9+/]{86}==$/.test(entry.integrity ?? ''),
    )
    .map(([path]) => path);
}

test('every package of the lockfile has the hash of its bytes, whatever its platform', () => {
  const { packages } = JSON.parse(readFileSync(join(REPOSITORY, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, Entry>;
  };
  expect(Object.keys(packages).length).toBeGreaterThan(100);
  expect(withoutHash(packages)).toEqual([]);
});

test('an entry without a hash is noticed, a link to a package of ours is none', () => {
  expect(withoutHash({ 'node_modules/a': {}, 'node_modules/b': { link: true }, 'packages/c': {} })).toEqual(['node_modules/a']);
});

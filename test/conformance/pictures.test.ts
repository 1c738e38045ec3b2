/** The pictures of the console that the documents show are those that `npm run pictures` takes. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PAGES } from '../../packages/console/src/page-names.ts';
import { MOST_BYTES, PICTURES, PICTURES_FOLDER } from './pictures.ts';

const ROOT = join(import.meta.dirname, '../..');

test('each picture of the documents is one that is taken, of a page that there is, is small, and is shown', () => {
  const taken = PICTURES.map(({ file }) => file).sort();
  expect(readdirSync(join(ROOT, PICTURES_FOLDER)).sort()).toEqual(taken);
  const shown = ['README.md', 'docs/console.md'].flatMap((document) =>
    [...readFileSync(join(ROOT, document), 'utf8').matchAll(/images\/(?<file>[\w.-]+)/g)].map(({ groups }) => groups?.['file']),
  );
  expect([...new Set(shown)].sort()).toEqual(taken);
  for (const { file, page } of PICTURES) {
    const path = join(ROOT, PICTURES_FOLDER, file);
    expect([file, PAGES.includes(page), readFileSync(path).toString('latin1', 8, 12)]).toEqual([file, true, 'WEBP']);
    expect([file, statSync(path).size]).toEqual([file, expect.toSatisfy((bytes: number) => bytes <= MOST_BYTES)]);
  }
});

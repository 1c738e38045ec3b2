/** What counts as built: what files hold decides, never their times. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isBuilt, isInstalledAs, noteBuilt } from '../built-from.mjs';

let root: string;
const within = (name: string) => join(root, name);
const write = (name: string, text: string) => writeFileSync(within(name), text);
const built = (at = root) => isBuilt(join(at, 'dist'), [join(at, 'src'), join(at, 'lock.json')]);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tributary-built-'));
  for (const folder of ['src/app', 'dist']) mkdirSync(within(folder), { recursive: true });
  write('src/main.ts', 'main');
  write('src/app/page.ts', 'page');
  write('lock.json', '{}');
  write('dist/main.js', 'built');
  expect(built()).toBe(false);
  noteBuilt(within('dist'), [within('src'), within('lock.json')]);
});
afterEach(() => rmSync(root, { recursive: true }));

test('a file that is touched, or a checkout that is copied elsewhere, is not built again', () => {
  const later = new Date(Date.now() + 3_600_000);
  for (const name of ['src/main.ts', 'src/app/page.ts', 'lock.json', 'dist/main.js', 'src'])
    utimesSync(within(name), later, later);
  expect(built()).toBe(true);
  const copy = `${root}-copy`;
  cpSync(root, copy, { recursive: true });
  expect(built(copy)).toBe(true);
  rmSync(copy, { recursive: true });
});

test.each<[string, () => void]>([
  [
    'a changed source, though its time and size stay',
    () => {
      const at = new Date(0);
      write('src/app/page.ts', 'pagE');
      utimesSync(within('src/app/page.ts'), at, at);
    },
  ],
  ['a new source', () => write('src/more.ts', '')],
  ['a source that is gone', () => rmSync(within('src/main.ts'))],
  ['a source with another name', () => renameSync(within('src/main.ts'), within('src/other.ts'))],
  [
    'text that moved from the end of one source to the begin of the next',
    () => {
      write('src/app/page.ts', 'pag');
      write('src/main.ts', 'emain');
    },
  ],
  ['another lockfile', () => write('lock.json', '{"packages":{}}')],
  ['a changed file among those built, as by a build of other sources', () => write('dist/main.js', 'other')],
  ['a file missing among those built', () => rmSync(within('dist/main.js'))],
  ['no built folder', () => rmSync(within('dist'), { recursive: true })],
])('%s is built again', (_what, change) => {
  change();
  expect(built()).toBe(false);
});

test('sources that return to what they were need no build, where what was built is still theirs', () => {
  write('src/main.ts', 'other');
  expect(built()).toBe(false);
  write('src/main.ts', 'main');
  expect(built()).toBe(true);
});

test('an installation by hand counts when npm installed what the lockfile says, optional packages aside', () => {
  const one = { version: '1.0.0', integrity: 'sha512-a' };
  write(
    'lock.json',
    JSON.stringify({ packages: { '': { name: 'x' }, 'node_modules/a': one, 'node_modules/o': { ...one, optional: true } } }),
  );
  const counts = (packages: unknown) => {
    write('installed.json', JSON.stringify({ packages }));
    return isInstalledAs(within('lock.json'), within('installed.json'));
  };
  expect(isInstalledAs(within('lock.json'), within('absent.json'))).toBe(false);
  expect(counts({ 'node_modules/a': one })).toBe(true);
  expect(counts({})).toBe(false);
  expect(counts({ 'node_modules/a': { ...one, version: '1.0.1' } })).toBe(false);
  expect(counts({ 'node_modules/a': { ...one, integrity: 'sha512-b' } })).toBe(false);
  expect(counts({ 'node_modules/a': one, 'node_modules/o': { version: '2.0.0', optional: true } })).toBe(false);
});

test('bootstrap and builds ask files for no time', () => {
  for (const file of ['../bootstrap.mjs', '../../../packages/console/build/build.ts', '../../../packages/tracker/build/build.ts'])
    expect(readFileSync(join(import.meta.dirname, file), 'utf8')).not.toMatch(/mtime|--if-changed/);
});

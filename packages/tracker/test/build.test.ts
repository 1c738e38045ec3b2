/** What pages load, as it is built and packed: how large it is, and what it asks of a page. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPackage } from '../build/build.ts';

let root: string;
let folder: string;
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'tracker-'));
  folder = join(root, 'node_modules/@tributary/tracker');
  mkdirSync(folder, { recursive: true });
  await buildPackage(folder);
});
afterAll(() => rmSync(root, { recursive: true }));

const text = (name: string) => readFileSync(join(folder, name), 'utf8');
const gzipped = (name: string) => gzipSync(text(name), { level: 9 }).length;

test('a page loads at most 4.0 KB, and 7.0 KB with what it loads later', () => {
  const [core, attention] = [gzipped('web.js'), gzipped('web-attention.js')];
  process.stdout.write(`the tracker: ${core} bytes, ${core + attention} with attention, gzip -9\n`);
  expect(core).toBeLessThanOrEqual(4_000);
  expect(core + attention).toBeLessThanOrEqual(7_000);
});

test('no script builds code or markup from texts, and none imports but the part that comes later', () => {
  for (const name of readdirSync(folder).filter((one) => one.endsWith('.js'))) {
    expect([
      name,
      /\beval\b|new Function|innerHTML|outerHTML|document\.write|insertAdjacentHTML|setTimeout\(["'`]/.test(text(name)),
    ]).toEqual([name, false]);
    const imports = [...text(name).matchAll(/\bimport\b[^;]{0,40}/g)].map(([one]) => one);
    const later = { 'web.js': 'import(`${', 'tracker.js': 'import(`./attention.js`)' }[name];
    expect([name, imports.length]).toEqual([name, later === undefined ? 0 : 1]);
    if (later !== undefined) expect(imports[0]?.startsWith(later)).toBe(true);
  }
});

test('no script reads what is typed: neither a value nor its length, nor a key, nor a text', () => {
  const read = /\.value\b|\.checked\b|\.files\b|\.key\b(?!\})|\.code\b|textContent|innerText|selectionStart|\.title\b/g;
  for (const name of ['web.js', 'web-attention.js'])
    expect([name, [...text(name).matchAll(read)].map(([one]) => one)]).toEqual([name, []]);
});

test('the package has types that compile against it', () => {
  const program = `import { attention, type Consent, start, type Tracker } from '@tributary/tracker';
    const given: Consent = 'granted';
    const tracker: Tracker = start({ key: 'tb_x', url: 'https://events.shop.example/web', consent: 'pending', domains: 'a.example b.example', attention });
    tracker.consent(given); tracker.track('Signup', { plan: 'pro' }); tracker.user('ada');
    // @ts-expect-error a word that is not one of three
    tracker.consent('maybe');
    // @ts-expect-error a key is needed
    start({ url: '/web' });`;
  writeFileSync(join(root, 'page.ts'), program);
  const options = {
    module: 'nodenext',
    lib: ['es2023', 'dom'],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  };
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['page.ts'] }));
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  execFileSync(process.execPath, [compiler, '--project', root], { stdio: ['ignore', 'inherit', 'inherit'] });
});

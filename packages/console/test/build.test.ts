/** What a first visit of the console loads, and that a build is whole or counts as none. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildConsole, type Sizes, waitedFor } from '../build/build.ts';
import { LIST_FILE, PAGE_FILE, readBuilt } from '../src/built.ts';

const FIRST_BYTES = 60_000;
const ALL_BYTES = 110_000;
let folder: string;
let sizes: Sizes;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-console-'));
  sizes = await buildConsole(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

test(`a first visit loads at most ${FIRST_BYTES} bytes, compressed, and all of the console is at most ${ALL_BYTES}`, () => {
  expect(sizes.first).toBeGreaterThan(1_000);
  expect(sizes.first).toBeLessThanOrEqual(FIRST_BYTES);
  expect(sizes.all).toBeLessThanOrEqual(ALL_BYTES);
});

test('a first visit waits for what its script imports, and for what that imports in turn', () => {
  const importsOf = new Map(Object.entries({ main: ['a', 'b'], a: ['c'], c: ['a', 'd'], later: ['e'] }));
  expect([...waitedFor('main', importsOf)].sort()).toEqual(['a', 'b', 'c', 'd', 'main']);
});

test('what the server hands out is what was built, and the page names it', () => {
  const built = readBuilt(folder);
  const names = [...(built?.assets.keys() ?? [])];
  expect([...names, LIST_FILE, PAGE_FILE].sort()).toEqual(readdirSync(folder).sort());
  const page = built?.page.bytes.toString() ?? '';
  for (const ending of ['js', 'css', 'svg'])
    expect(names.some((name) => name.endsWith(ending) && page.includes(`"/ui/assets/${name}"`))).toBe(true);
  expect(page).not.toMatch(/<script(?![^>]* src=)|<style|style=| on\w+=|https?:/);
});

test('nothing of what was built asks another address, or makes code or HTML of text', () => {
  const code = readdirSync(folder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
  expect(code.replaceAll('http://www.w3.org/', '').match(/https?:\/\/(?!127\.0\.0\.1|localhost)[\w.]+/g) ?? []).toEqual([]);
  expect(code.match(/\beval\(|\bnew Function\(|\.outerHTML|insertAdjacentHTML|document\.write/g) ?? []).toEqual([]);
});

test('each colour is written once, in light and in dark', () => {
  const style = readdirSync(folder).find((name) => name.endsWith('.css')) ?? '';
  const text = readFileSync(join(folder, style), 'utf8');
  const colours = [...text.matchAll(/--([\w-]+): light-dark\(/g)].map(([, name]) => name);
  expect(colours.length).toBeGreaterThan(20);
  expect(new Set(colours).size).toBe(colours.length);
  expect(text.replaceAll(/light-dark\([^)]*\)?[^)]*\)/g, '').match(/#[0-9a-f]{3,8}\b|prefers-color-scheme/g) ?? []).toEqual([]);
});

test('a build that was torn apart counts as none until it is built again, the same', async () => {
  const list = readFileSync(join(folder, LIST_FILE), 'utf8');
  rmSync(join(folder, LIST_FILE));
  expect(readBuilt(folder)).toBeNull();
  expect(await buildConsole(folder)).toEqual(sizes);
  expect(readFileSync(join(folder, LIST_FILE), 'utf8')).toBe(list);
  writeFileSync(join(folder, LIST_FILE), list.replace('console-', '../console-'));
  expect(() => readBuilt(folder)).toThrow('must be a name with a known ending (got "../console-');
});

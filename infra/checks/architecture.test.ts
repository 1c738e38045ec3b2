/** ARCHITECTURE.md names what is there: every folder of the map, who may import it, and the files that define the words. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALLOWED } from './import-rules.ts';
import { REPOSITORY, textOf } from './source-files.ts';

const TEXT = textOf('ARCHITECTURE.md');
const MAP = tableUnder('## The map');
const GLOSSARY = tableUnder('## Glossary');
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  adapters: ['log', 'store', 'archive', 'queue', 'membership', 'runtime'],
  roles: ['collector', 'speed', 'archiver', 'api', 'recompute', 'cli', 'local'],
};

test('the map names every folder of packages, roles and tests, and no other', () => {
  const folders = ['packages', 'services', 'jobs', 'infra', 'test'].flatMap((parent) =>
    readdirSync(join(REPOSITORY, parent), { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() && readdirSync(join(REPOSITORY, parent, entry.name)).some((name) => name !== 'node_modules'),
      )
      .map(({ name }) => `${parent}/${name}`),
  );
  expect(MAP.map(([folder = '']) => folder.replaceAll('`', '')).sort()).toEqual(folders.sort());
});

test('the description of every workspace says what the map says of it', () => {
  const workspaces = MAP.map(
    ([folder = '', what = '']) => [folder.replaceAll('`', ''), what.replaceAll('`', '')] as const,
  ).filter(([folder]) => existsSync(join(REPOSITORY, folder, 'package.json')));
  expect(workspaces.map(([folder]) => nameOf(folder)).sort()).toEqual(Object.keys(ALLOWED).sort());
  const described = workspaces.map(([folder]) => [folder, JSON.parse(textOf(`${folder}/package.json`)).description]);
  expect(described).toEqual(workspaces);
});

test('the map says who may import each package, as the import rules do', () => {
  const ofMap = MAP.map(([folder = '', , by = '']) => [nameOf(folder.replaceAll('`', '')), importersOf(by)] as const);
  for (const [name, importers] of ofMap) {
    const allowed = Object.keys(ALLOWED).filter((one) => one !== 'testkit' && ALLOWED[one]?.includes(name));
    expect([name, importers]).toEqual([name, allowed.sort()]);
  }
});

test('the glossary is in order, and every file that the page names exists', () => {
  const words = GLOSSARY.map(([word = '']) => word.replaceAll('`', '').toLowerCase());
  expect(words.length).toBeGreaterThan(40);
  expect(words.slice(1)).toEqual(words.slice(1).sort());
  expect(GLOSSARY.filter((row) => row.length !== 4 || row.some((cell) => cell === ''))).toEqual([]);
  const paths = [...TEXT.matchAll(/`((?:packages|services|jobs|infra|test)\/[^`]+)`/g)].map(([, path = '']) => path);
  expect(paths.length).toBeGreaterThan(60);
  expect(paths.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
});

/** The cells of the rows of the first table below a heading. */
function tableUnder(heading: string): string[][] {
  const lines = TEXT.slice(TEXT.indexOf(`${heading}\n`)).split('\n');
  const from = lines.findIndex((line) => line.startsWith('| --- '));
  const rest = lines.slice(from + 1);
  const rows = rest.slice(
    0,
    rest.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

function importersOf(cell: string): string[] {
  if (cell === 'nothing' || cell === 'tests') return [];
  return cell
    .split(', ')
    .flatMap((name) => GROUPS[name] ?? [name])
    .sort();
}

function nameOf(folder: string): string {
  return folder.slice(folder.indexOf('/') + 1);
}

/** Documents name what is there: ARCHITECTURE.md every folder of the map, what it imports, and the files that define the words. */
import { existsSync, globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ALLOWED, isTestFile, packageOf } from './import-rules.ts';
import { MAP, namesIn, tableUnder } from './map.ts';
import { importsOf, REPOSITORY, sourceFiles, textOf } from './source-files.ts';

const TEXT = textOf('ARCHITECTURE.md');
const GLOSSARY = tableUnder(TEXT, '## Glossary');

test('the map names every folder of packages, roles and tests, and no other', () => {
  const folders = ['packages', 'services', 'jobs', 'infra', 'test'].flatMap((parent) =>
    readdirSync(join(REPOSITORY, parent), { withFileTypes: true })
      .filter(
        (entry) =>
          entry.isDirectory() && readdirSync(join(REPOSITORY, parent, entry.name)).some((name) => name !== 'node_modules'),
      )
      .map(({ name }) => `${parent}/${name}`),
  );
  expect(MAP.map(({ path }) => path).sort()).toEqual(folders.sort());
});

test('the files that CONTRIBUTING names are there, those of its commands among them', () => {
  const named = [...textOf('CONTRIBUTING.md').matchAll(/`([^`\n]+)`/g)]
    .flatMap(([, code = '']) => code.split(' '))
    .filter((word) => /^(packages|services|jobs|infra|test|docs)\/[\w./-]+$/.test(word) && !/NAME|GROUP|NNNN/.test(word));
  expect(named.length).toBeGreaterThan(35);
  expect(named.filter((path) => !existsSync(join(REPOSITORY, path)))).toEqual([]);
});

test('the files that documents name are there, each of `{a,b}`', () => {
  const documents = ['README.md', ...globSync('docs/**/*.md', { cwd: REPOSITORY })];
  const named = documents.flatMap((document) =>
    [...textOf(document).matchAll(/`((?:packages|services|jobs|infra|test|docs)\/[\w./{},*-]+|\{[\w./,-]+\}\/[\w./{},*-]+)`/g)]
      .flatMap(([, path = '']) => alternatives(path))
      .map((path) => [document, path] as const),
  );
  expect(named.length).toBeGreaterThan(500);
  expect(named.filter(([, path]) => globSync(path, { cwd: REPOSITORY }).length === 0)).toEqual([]);
  expect(alternatives('{a,b/{c,d}}/e{,.f}.ts')).toEqual(
    ['a/e', 'a/e.f', 'b/c/e', 'b/c/e.f', 'b/d/e', 'b/d/e.f'].map((path) => `${path}.ts`),
  );
});

/** `a/{b,c}.ts` is `a/b.ts` and `a/c.ts`; braces may be inside of braces. */
function alternatives(path: string): string[] {
  const [inner, within] = /\{([^{}]*)\}/.exec(path) ?? [];
  if (inner === undefined || within === undefined) return [path];
  return [...new Set(within.split(',').flatMap((part) => alternatives(path.replace(inner, part))))];
}

test('the description of every workspace says what the map says of it', () => {
  const workspaces = MAP.filter(({ path }) => existsSync(join(REPOSITORY, path, 'package.json')));
  expect(workspaces.map(({ name }) => name).sort()).toEqual(Object.keys(ALLOWED).sort());
  const described = workspaces.map(({ path }) => [path, JSON.parse(textOf(`${path}/package.json`)).description]);
  expect(described).toEqual(workspaces.map(({ path, what }) => [path, what.replaceAll('`', '')]));
});

test('the rooms of a package, and the files beside them, import each other one way', () => {
  const imported = new Map<string, Set<string>>();
  for (const file of sourceFiles()) {
    // What wires a process, or is the first file of one, may import any room.
    if (isTestFile(file) || file.endsWith('/main.ts')) continue;
    for (const { specifier } of importsOf(file, textOf(file))) {
      const [from, to] = [roomOf(file), roomOf(join(file, '..', specifier))];
      if (!specifier.startsWith('.') || from === undefined || to === undefined || from === to) continue;
      imported.set(from, (imported.get(from) ?? new Set()).add(to));
    }
  }
  const reached = (from: string, seen = new Set<string>()): Set<string> => {
    for (const to of imported.get(from) ?? []) if (!seen.has(to)) reached(to, seen.add(to));
    return seen;
  };
  expect(imported.size).toBeGreaterThan(40);
  expect([...imported.keys()].filter((room) => reached(room).has(room))).toEqual([]);
});

test('files import each other one way, types included', () => {
  const files = sourceFiles().filter((file) => !isTestFile(file));
  const imports = new Map(
    files.map((file) => [file, importsOf(file, textOf(file)).map(({ specifier }) => join(file, '..', specifier))]),
  );
  // What imports nothing that is left, or what nothing left imports, lies in no circle, and is taken away until nothing is.
  for (let left = Number.POSITIVE_INFINITY; imports.size < left; ) {
    left = imports.size;
    for (const [file, to] of imports) if (!to.some((one) => imports.has(one))) imports.delete(file);
    const imported = new Set([...imports.values()].flat());
    for (const file of [...imports.keys()]) if (!imported.has(file)) imports.delete(file);
  }
  expect([...imports.keys()]).toEqual([]);
});

/** `packages/log/src/kafka`; a file that lies beside the rooms is a room of its own. */
function roomOf(file: string): string | undefined {
  return /^(?:packages|services|jobs|infra)\/[^/]+\/src\/[^/]+/.exec(file)?.[0];
}

test('the map says what each package imports, neither more nor less', () => {
  const imported = new Map(Object.keys(ALLOWED).map((name) => [name, new Set<string>()]));
  for (const file of sourceFiles()) {
    const own = imported.get(packageOf(file) ?? '');
    if (own === undefined || (isTestFile(file) && !/^packages\/testkit\/.*(?<!\.test)\.ts$/.test(file))) continue;
    for (const { specifier } of importsOf(file, textOf(file))) {
      const [, name] = /^@tributary\/([^/]+)/.exec(specifier) ?? [];
      if (name !== undefined) own.add(name);
    }
  }
  const sorted = (names: Iterable<string>) => [...names].sort();
  for (const [name, names] of imported) expect([name, sorted(names)]).toEqual([name, sorted(ALLOWED[name] ?? [])]);
});

test('a package imports what stands above it in the map: there are no circles', () => {
  for (const [i, folder] of MAP.entries()) {
    const above = MAP.slice(0, i).map(({ name }) => name);
    expect([folder.name, namesIn(folder).filter((name) => !above.includes(name))]).toEqual([folder.name, []]);
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

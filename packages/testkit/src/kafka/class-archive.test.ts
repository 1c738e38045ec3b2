import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classArchive } from './class-archive.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-classes-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const filesOf = (name: string, javaVersion = 'openjdk version "17.0.15"') => ({
  java: 'java',
  jars: join(root, name),
  javaVersion,
});
const written = (into: string) => writeFile(into, 'classes');
const never = () => Promise.reject(new Error('asked for again'));
const isWhole = async (path: string) => (await readFile(path, 'utf8')) === 'classes';
const leftovers = async () => (await readdir(root)).filter((name) => !name.endsWith('.jsa'));

test('it is written once, for these jars and this Java', async () => {
  const files = filesOf('kafka');
  const archive = (await classArchive(files, written, isWhole)) as string;
  expect(existsSync(archive)).toBe(true);
  expect(await classArchive(files, never, isWhole)).toBe(archive);
  expect(await classArchive(filesOf('kafka', 'openjdk version "21.0.1"'), written, isWhole)).not.toBe(archive);
  expect(await leftovers()).toEqual([]);
});

test('who asks while it is written goes on without', async () => {
  const files = filesOf('busy');
  const [waits, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = async (into: string) => {
    await written(into);
    waits.resolve();
    await go.promise;
  };
  const first = classArchive(files, slow, isWhole);
  await waits.promise;
  expect(await classArchive(files, never, isWhole)).toBeNull();
  go.resolve();
  expect(await first).toMatch(/\.jsa$/);
});

test('a broker that cannot write it is started without, and asked again only after a while', async () => {
  const files = filesOf('broken');
  let asked = 0;
  const fails = () => Promise.reject(new Error(`${++asked}`));
  expect(await classArchive(files, fails, isWhole)).toBeNull();
  expect(await classArchive(files, fails, isWhole)).toBeNull();
  expect(asked).toBe(1);
  const claim = (await readdir(root)).find((name) => name.startsWith('broken') && name.endsWith('.claim')) as string;
  await utimes(join(root, claim), 0, 0);
  expect(await classArchive(files, written, isWhole)).toMatch(/\.jsa$/);
});

test('one that Java does not read is written again, and one that was cut short while it was written is not kept', async () => {
  const files = filesOf('damaged');
  const archive = (await classArchive(files, written, isWhole)) as string;
  await writeFile(archive, 'clas');
  expect(await classArchive(files, written, isWhole)).toBe(archive);
  expect(await isWhole(archive)).toBe(true);
  await writeFile(archive, 'clas');
  expect(await classArchive(files, (into) => writeFile(into, 'cl'), isWhole)).toBeNull();
  expect((await leftovers()).filter((name) => name.endsWith('.new'))).toEqual([]);
});

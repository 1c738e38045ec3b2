import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { classArchive } from './class-archive.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'tributary-classes-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const filesOf = (name: string, version = 'openjdk version "17.0.15"') => ({ java: 'java', jars: join(root, name), version });
const written = (into: string) => writeFile(into, 'classes');
const never = () => Promise.reject(new Error('asked for again'));

test('it is written once, for these jars and this Java', async () => {
  const files = filesOf('kafka');
  const archive = (await classArchive(files, written)) as string;
  expect(existsSync(archive)).toBe(true);
  expect(await classArchive(files, never)).toBe(archive);
  expect(await classArchive(filesOf('kafka', 'openjdk version "21.0.1"'), written)).not.toBe(archive);
  expect((await readdir(root)).filter((name) => !name.endsWith('.jsa'))).toEqual([]);
});

test('who asks while it is written goes on without', async () => {
  const files = filesOf('busy');
  const [waits, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = classArchive(files, async (into) => {
    waits.resolve();
    await go.promise;
    await written(into);
  });
  await waits.promise;
  expect(await classArchive(files, never)).toBeNull();
  go.resolve();
  expect(await first).toMatch(/\.jsa$/);
});

test('a broker that cannot write it is started without, and asked again only after a while', async () => {
  const files = filesOf('broken');
  let asked = 0;
  const fails = () => Promise.reject(new Error(`${++asked}`));
  expect(await classArchive(files, fails)).toBeNull();
  expect(await classArchive(files, fails)).toBeNull();
  expect(asked).toBe(1);
  const claim = (await readdir(root)).find((name) => name.startsWith('broken') && name.endsWith('.claim')) as string;
  await utimes(join(root, claim), 0, 0);
  expect(await classArchive(files, written)).toMatch(/\.jsa$/);
});

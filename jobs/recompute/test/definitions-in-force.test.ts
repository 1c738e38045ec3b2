/** Which definitions a run takes: those in force until someone changes them, with a run or in the file. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generationFolder, writeGeneration } from '@tributary/archive/generations';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { runGeneration } from '@tributary/recompute/pipeline';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { byFirstRules, definitionsOf, sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Beginning, begin } from '../src/begin/begin.ts';
import type { RunPorts } from '../src/ports.ts';
import type { Run } from '../src/run.ts';
import { asRun, createWorld, dyingAt, type World } from './world.ts';

const FILE = definitionsOf({ conversions: ['buy'] });
const EDITED = definitionsOf({ conversions: ['buy', 'book'] });
const SENT = definitionsOf({ conversions: ['order'] });

let world: World;
let file: Definitions | null;
beforeEach(async () => {
  file = FILE;
  world = await createWorld(FILE);
});
afterEach(() => world.close());

interface Asked {
  readonly send?: Definitions;
  readonly publish?: boolean;
  /** A run by hand, which goes past a hold. */
  readonly scheduled?: boolean;
}

/** A full run never finds that there is nothing new. */
async function begun(...[asked, ports]: [Run, RunPorts]): Promise<Beginning> {
  return (await begin(asked, ports, new AbortController().signal)) as Beginning;
}

/** Begins a run and takes its computing for done; resolves with what its generation says of its definitions. */
async function run({ send, publish = true, scheduled = true }: Asked = {}) {
  const asked = asRun({
    mode: 'full',
    scheduled,
    ...(send === undefined ? { reason: 'schedule' } : { definitions: send.json, reason: 'demand by ana' }),
  });
  const { manifest } = await begun(asked, { ...world.ports, configuredDefinitions: async () => file });
  await writeGeneration(world.dataDir, { ...manifest, state: 'computed' });
  if (publish) await world.publishByHand('publish', manifest.generation);
  const { definitionsVersion, definitionsOrigin } = manifest;
  return { version: definitionsVersion, source: definitionsOrigin?.source, reason: definitionsOrigin?.reason };
}

test('definitions that a run brought stay in force, until the file changes', async () => {
  expect(await run()).toEqual({ version: FILE.version, source: 'file', reason: 'schedule' });
  expect(await run({ send: SENT })).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
  expect(await run()).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
  file = EDITED;
  expect(await run()).toEqual({ version: EDITED.version, source: 'file', reason: 'schedule' });
  file = null;
  expect(await run()).toEqual({ version: EDITED.version, source: 'file', reason: 'schedule' });
});

test('a run on a host without the file does not make the file look edited where it is', async () => {
  await run();
  await run({ send: SENT });
  file = null;
  expect(await run()).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
  file = FILE;
  expect(await run()).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
  file = null;
  await run();
  file = EDITED;
  expect((await run()).version).toBe(EDITED.version);
});

test('a rollback across a change of the file is not undone by the next scheduled run', async () => {
  await run();
  file = EDITED;
  await run();
  await world.publishByHand('rollback', 1);
  expect((await run()).version).toBe(FILE.version);
});

test('a rollback across an edit of the file is not undone by scheduled runs, however long the hold lasts', async () => {
  await run();
  file = EDITED;
  await run();
  await world.publishByHand('rollback', 1);
  // As each retirement under a hold does: it publishes what is held again.
  for (let i = 0; i < 25; i++) await world.publishByHand('rollback', 1);
  expect((await run({ publish: false })).version).toBe(FILE.version);
  expect((await run()).version).toBe(FILE.version);
});

test('law 7: while a rollback holds, a scheduled run takes up no edit of the file: real time goes on by what readers have', async () => {
  await world.run();
  await world.run({ mode: 'full' });
  await world.publishByHand('rollback', 1);
  const edited = { configuredDefinitions: async () => EDITED };
  await expect(world.run({ mode: 'full' }, edited)).resolves.toMatchObject({ generation: 3, published: 'held' });
  const states = await world.serving.states();
  expect(new Set(states.map((state) => state?.definitions))).toEqual(new Set([FILE.json]));
  expect((await world.manifest(3)).definitionsVersion).toBe(FILE.version);
  // The operator who publishes it by hand sees what it changes for readers.
  expect(await world.reconciliation(3)).toMatchObject({ comparedWith: 1, engineDefectRows: 0 });
  await world.publishByHand('publish', 3);
  await expect(world.run({}, edited)).resolves.toMatchObject({ generation: 4, published: 'published' });
  expect((await world.manifest(4)).definitionsVersion).toBe(EDITED.version);
});

test('law 7: nor does the retry of a run that took it up before the rollback', async () => {
  await world.run();
  await world.run({ mode: 'full' });
  const edited = { configuredDefinitions: async () => EDITED };
  const asked = asRun();
  const { reached, died } = dyingAt('remembered');
  void runGeneration(asked, { ...world.ports, ...edited, reached }, new AbortController().signal);
  await died;
  expect((await world.manifest(3)).definitionsVersion).toBe(EDITED.version);
  await world.publishByHand('rollback', 1);
  await expect(world.run({ begun: asked.begun, mode: 'full' }, edited)).resolves.toMatchObject({
    generation: 4,
    published: 'held',
  });
  const states = await world.serving.states();
  expect(new Set(states.map((state) => state?.definitions))).toEqual(new Set([FILE.json]));
  expect((await world.manifest(3)).state).toBe('superseded');
});

test('a run by hand goes past a hold, with the edit of the file', async () => {
  await world.run();
  await world.publishByHand('rollback', 1);
  const edited = { configuredDefinitions: async () => EDITED };
  await expect(world.run({ scheduled: false }, edited)).resolves.toMatchObject({ generation: 2, published: 'published' });
  expect((await world.manifest(2)).definitionsVersion).toBe(EDITED.version);
});

test('a folder that lost its newest generation after a rollback can still be run upon', async () => {
  await run();
  await run();
  await world.publishByHand('rollback', 1);
  await rm(join(world.dataDir, generationFolder(2)), { recursive: true });
  expect((await run()).version).toBe(FILE.version);
});

test('law 7: a file that was edited to what a run had brought does not count as edited again after a rollback across both', async () => {
  await run();
  await run({ send: SENT });
  file = SENT;
  expect((await run()).source).toBe('run');
  await world.publishByHand('rollback', 1);
  expect((await run({ publish: false })).version).toBe(FILE.version);
});

/** Loses the folder of what readers have. `crossed`: the definitions that the speed layer has of its barrier. */
async function lose(generation: number, crossed: Definitions | null = null): Promise<void> {
  await rm(join(world.dataDir, generationFolder(generation)), { recursive: true });
  if (crossed === null) return;
  const state = { position: '1', logIdentity: 'log', logTimeMs: 0, generation, definitions: crossed.json };
  Object.assign(world.ports, { serving: { ...world.serving, states: async () => [null, state, null] } });
}

test('law 7: definitions of a published generation whose folder is lost stay in force: the speed layer has them', async () => {
  await run();
  await run({ send: SENT });
  await lose(2, SENT);
  expect(await run()).toEqual({ version: SENT.version, source: undefined, reason: undefined });
  expect((await run()).version).toBe(SENT.version);
  file = EDITED;
  expect((await run()).version).toBe(EDITED.version);
});

test('law 7: where the speed layer has them no more, those of the next older one are, with where they came from', async () => {
  await run({ send: SENT });
  await run({ send: SENT });
  await lose(2);
  expect(await run()).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
});

test('law 7: an edit of the file that the lost generation alone had seen is not forgotten', async () => {
  await run();
  file = EDITED;
  await run();
  await lose(2);
  expect((await run()).version).toBe(EDITED.version);
});

test('law 7: a lost generation that readers were rolled back to: what was rolled back from does not come back', async () => {
  await run({ send: SENT });
  await run();
  file = EDITED;
  await run();
  await world.publishByHand('rollback', 2);
  await lose(2);
  expect(await run({ publish: false })).toEqual({ version: SENT.version, source: 'run', reason: 'demand by ana' });
});

test('publications of a version that did not say what the file held: the newest generation that is there does', async () => {
  await run();
  file = EDITED;
  await run({ send: SENT });
  // Each retirement under a hold publishes what is held again.
  for (let i = 0; i < 9; i++) await world.publishByHand('rollback', 1);
  await withoutFileSeen();
  expect((await run({ publish: false })).version).toBe(FILE.version);
  file = SENT;
  expect((await run({ scheduled: false })).version).toBe(SENT.version);
});

async function withoutFileSeen(): Promise<void> {
  for (const name of await readdir(dataPath(world.dataDir, 'publications'))) {
    const path = dataPath(world.dataDir, 'publications', name);
    const { fileSeen: _, ...older } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(older));
  }
}

test('definitions in force that this version refuses give way to a corrected file, and to those that a run brings', async () => {
  const padded = storedDefinitions(JSON.stringify({ ...JSON.parse(FILE.json), conversions: ['buy '] }), sha256Hex);
  const { manifest } = await begun(asRun({ mode: 'full' }), world.ports);
  const older = { definitions: padded.json, definitionsVersion: padded.version };
  await writeGeneration(world.dataDir, { ...manifest, ...older, state: 'computed' });
  await world.publishByHand('publish', manifest.generation);
  file = EDITED;
  expect((await run({ publish: false })).version).toBe(EDITED.version);
  expect((await run({ send: SENT })).version).toBe(SENT.version);
});

test('a default that an upgrade adds is not an edit of the file', async () => {
  await run();
  await run({ send: SENT });
  const { pathSteps: _, ...attribution } = JSON.parse(FILE.json).attribution;
  const content = JSON.stringify({ ...JSON.parse(FILE.json), attribution, rules: undefined });
  const [newest] = (await readdir(dataPath(world.dataDir, 'publications'))).sort().slice(-1);
  const path = dataPath(world.dataDir, 'publications', newest as string);
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), fileSeen: { generation: 2, content } }));
  expect((await run()).version).toBe(SENT.version);
});

test('an edit that no published generation has seen is not forgotten', async () => {
  await run();
  file = EDITED;
  expect((await run({ publish: false })).version).toBe(EDITED.version);
  expect((await run({ publish: false })).version).toBe(EDITED.version);
});

test('the origin says since when, and goes on; definitions that change nothing do not begin again', async () => {
  const sinceOf = async (generation: number) => (await world.manifest(generation)).definitionsOrigin?.at;
  await run({ send: SENT });
  world.advance(60_000);
  await run({ send: SENT });
  expect(await sinceOf(2)).toBe(await sinceOf(1));
  await run({ send: EDITED });
  expect(await sinceOf(3)).toBe(((await sinceOf(1)) as number) + 60_000);
});

test('rules that an upgrade brings are not an edit of the file', async () => {
  file = byFirstRules(FILE);
  await run();
  await run({ send: SENT });
  file = FILE;
  expect((await run()).version).toBe(SENT.version);
});

test('a generation of a version that recorded no origin: the file is taken, and without one the definitions go on', async () => {
  const { manifest } = await begun(asRun({ mode: 'full', definitions: SENT.json }), world.ports);
  const { definitionsOrigin: _, ...older } = manifest;
  await writeGeneration(world.dataDir, { ...older, state: 'computed' });
  await world.publishByHand('publish', 1);
  file = null;
  expect(await run({ publish: false })).toEqual({ version: SENT.version, source: undefined, reason: undefined });
  file = FILE;
  expect((await run()).source).toBe('file');
});

test('laws 1 and 7: once keys are joined they stay joined, as far back as before, also where no reader ever got the generation', async () => {
  const joinedFor = (days: number, more = {}) =>
    storedDefinitions(JSON.stringify({ ...JSON.parse(FILE.json), rules: 7, identity: { days }, ...more }), sha256Hex);
  const parseDefinitions = (json: string) => storedDefinitions(json, sha256Hex);
  const beginWith = async (definitions: Definitions) =>
    (await begun(asRun({ mode: 'full', definitions: definitions.json }), { ...world.ports, parseDefinitions })).manifest;
  await writeGeneration(world.dataDir, { ...(await beginWith(FILE)), state: 'computed' });
  await writeGeneration(world.dataDir, { ...(await beginWith(joinedFor(30))), state: 'failed' });
  await expect(beginWith(FILE)).rejects.toThrow('identity must stay {"days":30}, as generation 2 has it (got none)');
  await expect(beginWith(joinedFor(20))).rejects.toThrow('(got {"days":20})');
  expect((await beginWith(joinedFor(30, { latenessDays: 40 }))).generation).toBe(3);
});

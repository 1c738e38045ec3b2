/** Which definitions are in force, since when, by whom, and where the file of definitions says otherwise. */
import type { DefinitionsOrigin, FileSeen, GenerationManifest } from '@tributary/archive/layout';
import { GenerationsAnswer } from '@tributary/contract/groups/generations';
import { StatusAnswer } from '@tributary/contract/groups/operations';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { createWorld } from './world.ts';

const SENT = definitionsOf({ conversions: ['order'], touches: { click: {}, visit: { windowDays: 7 } } });
const written = ({ json }: typeof SENT) => JSON.stringify({ ...JSON.parse(json), rules: undefined });
const ORIGIN: DefinitionsOrigin = { source: 'run', reason: 'demand by ana', at: 5, file: written(SENT) };

async function statusWith(origin: DefinitionsOrigin | undefined, seen?: FileSeen) {
  const world = await createWorld();
  await world.cut(1);
  const { definitionsOrigin: _, ...manifest } = world.manifests.get(1) as GenerationManifest;
  const changed = { ...manifest, definitions: SENT.json, definitionsVersion: SENT.version };
  world.manifests.set(1, { ...changed, ...(origin !== undefined && { definitionsOrigin: origin }) });
  await world.publish(1, true, seen);
  await world.tick();
  return StatusAnswer.parse((await world.get('/v1/status')).body).definitionsInForce;
}

test('the status says what brought the definitions, and when', async () => {
  expect(await statusWith(ORIGIN)).toEqual({
    version: SENT.version,
    source: 'run',
    reason: 'demand by ana',
    since: 5,
    fileDiffers: [],
  });
});

test('it names each key for which the file says otherwise', async () => {
  const other = definitionsOf({
    conversions: ['order', 'buy'],
    touches: { click: {}, visit: { windowDays: 30 } },
    latenessDays: 5,
  });
  const status = await statusWith({ ...ORIGIN, file: written(other) });
  expect(status?.fileDiffers).toEqual(['conversions', 'latenessDays', 'touches.visit.windowDays']);
});

test('after a rollback across an edit of the file the status says that the file differs', async () => {
  const edited = definitionsOf({ conversions: ['order', 'buy'], touches: { click: {}, visit: { windowDays: 7 } } });
  const status = await statusWith({ ...ORIGIN, source: 'file' }, { generation: 2, content: written(edited) });
  expect(status?.fileDiffers).toEqual(['conversions']);
});

test('without a file, or of a version that recorded no origin, nothing is compared', async () => {
  expect(await statusWith({ ...ORIGIN, source: 'built-in', file: null })).toMatchObject({
    source: 'built-in',
    fileDiffers: null,
  });
  // The last run was on a host without the file, which an earlier one had.
  const seen = { generation: 1, content: '{}' };
  expect(await statusWith({ ...ORIGIN, file: null }, seen)).toMatchObject({ source: 'run', fileDiffers: null });
  expect(await statusWith(undefined)).toEqual({
    version: SENT.version,
    source: null,
    reason: null,
    since: null,
    fileDiffers: null,
  });
});

test('a data folder that does not answer leaves the rest of the status standing', async () => {
  const world = await createWorld();
  await world.cut(1);
  await world.publish(1);
  await world.tick();
  world.deps.source.publication = () => Promise.reject(new Error('stale file handle'));
  const { status, body } = await world.get('/v1/status');
  expect([status, body.definitionsInForce]).toEqual([200, null]);
});

test('answers about publications have what the contract names, and not the text of the file', async () => {
  const world = await createWorld();
  await world.cut(1);
  await world.publish(1, true, { generation: 1, content: written(SENT) });
  await world.tick();
  const { publication } = GenerationsAnswer.parse((await world.get('/v1/generations')).body);
  expect((await world.get('/v1/generations')).body.publication).toEqual(publication);
  expect(publication).not.toHaveProperty('fileSeen');
});

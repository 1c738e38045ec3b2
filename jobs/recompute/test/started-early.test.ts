/** The child that computes and compares starts before the cut: it is used by the run, and ended with it. */
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

let world: World;
beforeEach(async () => {
  world = await createWorld(definitionsOf({}));
});
afterEach(() => world.close());

/** A port that notes what becomes of what it starts. */
function noted() {
  const notes: string[] = [];
  const startComputing = () => {
    notes.push('started');
    return {
      weigh: world.ports.weigh,
      compute: (...asked: Parameters<World['ports']['compute']>) => {
        notes.push('computes');
        return world.ports.compute(...asked);
      },
      compare: (...asked: Parameters<World['ports']['compare']>) => {
        notes.push('compares');
        return world.ports.compare(...asked);
      },
      end: () => void notes.push('ended'),
    };
  };
  return { notes, startComputing, reached: (stage: string) => void notes.push(stage) };
}

test('it starts before the barriers, computes once, compares and ends', async () => {
  const { notes, ...ports } = noted();
  await world.run({}, ports);
  expect(notes).toEqual([
    'created',
    'remembered',
    'started',
    'raised',
    'sealed',
    'computes',
    'filed',
    'computed',
    'decided',
    'published',
    'pointed',
    'compares',
    'reconciled',
    'ended',
    'retired',
  ]);
});

test('law 7: a run whose archive is not sealed ends it', async () => {
  const { notes, ...ports } = noted();
  world.down.archiver = true;
  await expect(world.run({}, ports)).rejects.toMatchObject({ code: 'generation_timeout' });
  expect(notes).toEqual(['created', 'remembered', 'started', 'raised', 'ended']);
});

import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { sha256Hex } from '@tributary/testkit/inputs/generate-definitions';
import { APART, JOINED } from '@tributary/testkit/inputs/joined-keys';
import { expect, test } from 'vitest';
import { createSpeedBoard } from '../src/freshness/speed-board.ts';

type Deps = Parameters<typeof createSpeedBoard>[0];
type Generations = Parameters<typeof createSpeedBoard>[1];

const FIRST = APART.json;
const SECOND = JOINED.json;

/** A board over what `states` gives, and how often definitions were looked for by their text. */
function boardOver(states: () => readonly unknown[]) {
  let looks = 0;
  const deps = {
    ...{ partitions: 3, now: () => 10_000, defaultDefinitions: APART, limits: { patienceMs: 1e9 } },
    store: { states: async () => states() },
    storedDefinitions(json: string): Definitions {
      looks++;
      return storedDefinitions(json, sha256Hex);
    },
    logReach: { ends: async () => [], starts: async () => [], ageAfter: async () => new Map() },
    onWarning: () => {},
  };
  const generations = { current: () => ({ wanted: null, served: null, manifest: null }) };
  return { board: createSpeedBoard(deps as unknown as Deps, generations as unknown as Generations), looks: () => looks };
}

const stateWith = (definitions: string) => ({ definitions, logTimeMs: 1_000, position: '1-0', generation: 1 });

test('law 7: each partition has the definitions of its newest state, and those that it had before no longer', async () => {
  let states: (ReturnType<typeof stateWith> | null)[] = [stateWith(FIRST), stateWith(FIRST), null];
  const { board } = boardOver(() => states);
  const areJoined = () => [0, 1, 2].map((partition) => board.definitions(partition).joinedMs !== null);

  expect(areJoined()).toEqual([false, false, false]);
  await board.poll();
  expect(areJoined()).toEqual([false, false, false]);
  states = [stateWith(FIRST), stateWith(SECOND), null];
  await board.poll();
  expect(areJoined()).toEqual([false, true, false]);
  states = [stateWith(SECOND), stateWith(FIRST), stateWith(SECOND)];
  await board.poll();
  expect(areJoined()).toEqual([true, false, true]);
  states = [null, stateWith(SECOND), null];
  await board.poll();
  expect(areJoined()).toEqual([false, true, false]);
});

test('definitions are looked for by their text once for a state, not for each answer', async () => {
  const { board, looks } = boardOver(() => [stateWith(FIRST), stateWith(SECOND), stateWith(SECOND)]);
  await board.poll();
  for (let answer = 0; answer < 10; answer++) for (const partition of [0, 1, 2]) board.definitions(partition);
  expect(looks()).toBe(3);
});

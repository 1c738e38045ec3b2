import type { Item } from '@tributary/model/identity/item';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { replaceEvents } from './leave.ts';
import { VIEWS } from './registry.ts';
import { step, stepRules } from './step.ts';
import { emptyUser } from './user-state.ts';

const definitions = definitionsOf(SMALL_DEFINITIONS);
const TS = 1_795_176_000_000;
const ordered = { ts: TS, type: 'buy', id: 'o1', userId: 'ana', receivedAt: TS, source: 'test', value: 5 };
const item: Item = { origin: 'ana', id: 'o1', ts: TS, isKnown: true, path: [], line: JSON.stringify(ordered) };

function movedAfter(afterMs: number, gathersPaths = true): readonly (string | undefined)[] {
  const rules = stepRules(VIEWS, definitions, 100, gathersPaths);
  const user = emptyUser();
  step(user, ordered, TS, rules, new Map());
  return replaceEvents(user, [{ was: item, is: undefined }], TS + afterMs, rules, new Map()).map(({ moved }) => moved?.id);
}

test('law 8: a conversion that leaves is said to have moved where its rows go with it, and not where they are frozen', () => {
  expect(movedAfter(1)).toEqual(['o1']);
  expect(movedAfter(definitions.latenessMs)).toEqual([undefined]);
  expect(movedAfter(definitions.latenessMs + DAY_MS)).toEqual([undefined]);
  expect(movedAfter(1, false)).toEqual([undefined]);
});

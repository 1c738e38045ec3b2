import { expect, test } from 'vitest';
import { generationsBetween, relayedText, stateFrom, viewsText, watchedText } from './state.ts';

test('law 7: generations that a partition stepped over are none of it, wherever between them the reader begins', () => {
  const state = { position: 'p', generation: '30', 'gap:2': '9', 'gap:11': '29' };
  expect(generationsBetween(state, 0)).toEqual([0, 1, 2, 9, 10, 11, 29, 30]);
  expect(generationsBetween(state, 2)).toEqual([2, 9, 10, 11, 29, 30]);
  for (const within of [3, 5, 8, 9]) expect(generationsBetween(state, within)).toEqual([9, 10, 11, 29, 30]);
  expect(generationsBetween(state, 5, 10)).toEqual([9]);
  expect(generationsBetween(state, 5, 7)).toEqual([]);
  expect(generationsBetween(state, 12)).toEqual([29, 30]);
  expect(generationsBetween(state, 31)).toEqual([]);
});

test('law 7: since when definitions hold is known of the generation that it was written with alone', () => {
  const fields = { position: 'p', generation: '5', definitions: '{}', definitionsSince: '0 5' };
  expect(stateFrom(fields)?.definitionsSince).toBe(0);
  // An older worker went on from generation 3 to 5 and left the field as it was.
  expect(stateFrom({ ...fields, definitionsSince: '0 3' })).not.toHaveProperty('definitionsSince');
  expect(stateFrom({ ...fields, definitionsSince: '0' })).not.toHaveProperty('definitionsSince');
});

test('law 7: since when views are counted is written of the map that is given and with the mark of the commit, also the second time', () => {
  const first = new Map([
    ['activity', 2],
    ['paths', 5],
    ['credit', 2],
  ]);
  const second = new Map([...first, ['paths', 6]] as const);
  expect(viewsText(first, 'a~m1')).toBe('m1 2:activity,credit 5:paths');
  expect(viewsText(second, 'b~m1')).toBe('m1 2:activity,credit 6:paths');
  expect(viewsText(first, 'c~m2')).toBe('m2 2:activity,credit 5:paths');
  expect(viewsText(new Map(), 'd~m1')).toBe('m1');
  for (const viewsSince of [first, second, first])
    expect(stateFrom({ position: 'p', commit: 'e~m1', views: viewsText(viewsSince, 'e~m1') })?.viewsSince).toEqual(viewsSince);
});

test('law 7: how long records are kept is known of the commit that it was written with alone', () => {
  const fields = { position: 'p', commit: 'id of 7', kept: '86400000 id of 7' };
  expect(stateFrom(fields)?.keptMs).toBe(86_400_000);
  // An older worker committed since and left the field as it was.
  expect(stateFrom({ ...fields, commit: 'id of 8' })).not.toHaveProperty('keptMs');
});

test('law 7: which messages were sent and applied last is read as it was written, also where there are none yet', () => {
  for (const relayed of [
    { sent: ['', '7-0.0000001.0000012', '8.0000000.0000003'], applied: ['1.0000000.0000000', '', ''] },
    { sent: [], applied: ['1.0000000.0000007'] },
    { sent: ['1.0000000.0000005'], applied: [] },
  ])
    expect(stateFrom({ position: 'p', relayed: relayedText(relayed) })?.relayed).toEqual(relayed);
  expect(stateFrom({ position: 'p' })).not.toHaveProperty('relayed');
});

test('law 7: how far members are known holds of the commit that says so alone, whatever its id is', () => {
  const state = { position: 'p', commit: 'a b:1' };
  const watched = { key: 'k', sinceMs: 7, isWhole: true };
  expect(stateFrom({ ...state, watched: `${watchedText(watched)} a b:1` })).toMatchObject({ watched });
  expect(stateFrom({ ...state, watched: `${watchedText({ ...watched, isWhole: false })} a b:1` })?.watched?.isWhole).toBe(false);
  const older = stateFrom({ ...state, watched: `${watchedText(watched)} another` });
  expect(older).not.toHaveProperty('watched');
  expect(older?.wasWatched).toBe(true);
  const none = (isWhole: boolean) =>
    stateFrom({ ...state, watched: `${watchedText({ key: '-', sinceMs: 7, isWhole })} another` })?.wasWatched;
  expect([none(true), none(false)]).toEqual([undefined, true]);
  expect(stateFrom(state)).not.toHaveProperty('watched');
  const fell = { ...watched, fellFromMs: 9 };
  expect(stateFrom({ ...state, watched: `${watchedText(fell)} a b:1` })?.watched).toEqual(fell);
  const twice = { ...fell, falls: 2 };
  expect(stateFrom({ ...state, watched: `${watchedText(twice)} a b:1` })?.watched).toEqual(twice);
  const leapt = { ...watched, leapt: { ms: 5, toMs: 12 } };
  expect(stateFrom({ ...state, watched: `${watchedText(leapt)} a b:1` })?.watched).toEqual(leapt);
  const both = { ...twice, leapt: { ms: 5, toMs: 12 } };
  expect(stateFrom({ ...state, watched: `${watchedText(both)} a b:1` })?.watched).toEqual(both);
  // As an older version wrote it.
  expect(stateFrom({ ...state, watched: `${watchedText(twice)}:v1,v2 a b:1` })?.watched).toEqual(twice);
});

import { expect, test } from 'vitest';
import { createGate } from '../src/bodies/gate.ts';
import { createWaitingBodies } from '../src/bodies/waiting-bodies.ts';

test('law 7: a body that ended gives way to none, and holds nothing more', () => {
  const gate = createGate({ maxBytes: 100, maxEvents: 100 });
  const wait = createWaitingBodies(gate);
  const dropped: string[] = [];
  const body = (name: string) => {
    const one = wait();
    one.whenDropped(() => dropped.push(name));
    return one;
  };
  const ended = body('ended');
  expect(ended.hold(10, 0)).toBe(true);
  ended.release();
  expect(ended.hold(10, 0)).toBe(false);
  expect(gate.bytes).toBe(0);
  const older = body('older');
  const newer = body('newer');
  expect([older.hold(40, 0), newer.hold(40, 0)]).toEqual([true, true]);
  expect(newer.hold(45, 0)).toBe(true);
  expect(dropped).toEqual([]);
  expect(newer.hold(90, 0)).toBe(true);
  expect(dropped).toEqual(['older']);
});

import { isRunning } from '@tributary/runtime/process/is-running';
import { expect, test } from 'vitest';
import { isCertainlyGone, nameOf, parseMemberName, placeOfThisProcess } from '../src/member-name.ts';

const self = { id: 'a1', pid: 100, place: 'host.boot.ns' };
const nobodyRuns = () => false;
const everybodyRuns = () => true;

test('a name says who, which process, and where', () => {
  expect(parseMemberName(nameOf(self))).toEqual(self);
  expect(parseMemberName('written by hand')).toBeUndefined();
});

test('dead for certain: its process ran here and has ended', () => {
  const other = nameOf({ ...self, id: 'b2', pid: 101 });
  expect(isCertainlyGone(other, self, nobodyRuns)).toBe(true);
  expect(isCertainlyGone(other, self, everybodyRuns)).toBe(false);
});

test('dead for certain: it had our own process id, as the first process of a container started again has', () => {
  expect(isCertainlyGone(nameOf({ ...self, id: 'b2' }), self, everybodyRuns)).toBe(true);
});

test('never: this process itself, another place, a name of another form', () => {
  expect(isCertainlyGone(nameOf(self), self, nobodyRuns)).toBe(false);
  expect(isCertainlyGone(nameOf({ id: 'b2', pid: 101, place: 'elsewhere' }), self, nobodyRuns)).toBe(false);
  expect(isCertainlyGone('written by hand', self, nobodyRuns)).toBe(false);
});

test('a place is the same for every process here, and safe in a name', () => {
  expect(placeOfThisProcess()).toBe(placeOfThisProcess());
  expect(placeOfThisProcess()).toMatch(/^[\w.-]+$/);
});

test('this process runs, one beyond all ids does not', () => {
  expect(isRunning(process.pid)).toBe(true);
  expect(isRunning(2 ** 22 + 1)).toBe(false);
});

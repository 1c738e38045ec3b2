import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { isFatal, isOnEveryHost, isTransient } from './error-kinds.ts';

test('an error is transient, fatal, or neither', () => {
  const errors = (Object.keys(ERRORS) as ErrorCode[]).map((code) => new TributaryError(code, 'x'));
  expect(errors.filter(isTransient).map(({ code }) => code)).toEqual(['log_unavailable', 'store_unavailable']);
  expect(new Set(errors.filter(isFatal).map(({ code }) => code))).toEqual(
    new Set(['log_recreated', 'history_mismatch', 'position_expired', 'partition_mismatch', 'unknown_rules', 'manifest_corrupt']),
  );
  expect(errors.filter((error) => isFatal(error) && isTransient(error))).toEqual([]);
  expect([isFatal(new Error('a defect')), isTransient(new Error('a defect'))]).toEqual([false, false]);
});

test('a shard is not given to another host after what each would meet', () => {
  const errors = (Object.keys(ERRORS) as ErrorCode[]).map((code) => new TributaryError(code, 'x'));
  expect(new Set(errors.filter(isOnEveryHost).map(({ code }) => code))).toEqual(
    new Set(['conflict', 'archive_corrupt', 'archive_full', 'invalid_definitions']),
  );
  expect(isOnEveryHost(new Error('out of memory'))).toBe(false);
});

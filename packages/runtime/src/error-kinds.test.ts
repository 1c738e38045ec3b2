import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';
import { expect, test } from 'vitest';
import { isFatal, isTransient } from './error-kinds.ts';

test('an error is transient, fatal, or neither', () => {
  const errors = (Object.keys(ERRORS) as ErrorCode[]).map((code) => new TributaryError(code, 'x'));
  expect(errors.filter(isTransient).map(({ code }) => code)).toEqual(['log_unavailable', 'store_unavailable']);
  expect(new Set(errors.filter(isFatal).map(({ code }) => code))).toEqual(
    new Set(['log_recreated', 'history_mismatch', 'position_expired', 'partition_mismatch', 'unknown_rules', 'manifest_corrupt']),
  );
  expect(errors.filter((error) => isFatal(error) && isTransient(error))).toEqual([]);
  expect([isFatal(new Error('a defect')), isTransient(new Error('a defect'))]).toEqual([false, false]);
});

import { REPORTED_NAMES } from '@tributary/attribution/models/catalogue';
import { LIVE_NAMES } from '@tributary/reports/models/live-models';
import { expect, test } from 'vitest';

test('help and contract list the models that views answer', () => {
  expect(REPORTED_NAMES).toEqual(LIVE_NAMES);
  expect(REPORTED_NAMES).not.toContain('wShaped');
});

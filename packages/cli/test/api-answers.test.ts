import { ROUTES } from '@tributary/contract/routes';
import { expect, test } from 'vitest';
import { COMPARISON, CONVERSIONS, EXPLANATION, PATHS, RECONCILIATIONS, REPORT, SIGNALS, STATUS } from './api-answers.ts';

test.each([
  ['attribution', REPORT],
  ['compareModels', COMPARISON],
  ['explainConversion', EXPLANATION],
  ['listConversions', CONVERSIONS],
  ['paths', PATHS],
  ['reconciliations', RECONCILIATIONS],
  ['status', STATUS],
  ['userSignals', SIGNALS],
] as const)('what tests feed as the answer of %s is one by the contract', (operation, answer) => {
  expect(ROUTES[operation].answer.safeParse(answer).error?.issues ?? []).toEqual([]);
});

import { VIEWS } from '@tributary/views/registry';
import { expect, test } from 'vitest';
import { VIEW_ROUTES } from './totals.ts';

test('each view has a route of its own', () => {
  const paths = Object.values(VIEW_ROUTES).map(({ path }) => path);
  expect(paths).toEqual(VIEWS.map(({ name }) => `/v1/views/${name}`));
});

import type { RowKey } from '../deltas.ts';
import { COUNTED, type View } from '../view.ts';

const ONE = [1];

export const counts = {
  name: 'counts',
  counts: 'events by what the definitions count over all users: the count, its version, and a value of the event',
  dimensions: ['day', 'count', 'version', 'value'],
  measures: ['events'],
  lens: COUNTED,
  countsDefined: true,
  rows(keys, _definitions, emit) {
    for (const key of keys) emit(key, ONE);
  },
} as const satisfies View<readonly RowKey[]>;

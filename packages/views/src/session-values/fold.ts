import { dayOf } from '@tributary/model/time';
import { SESSION, type Session } from '../sessions/session.ts';
import type { View } from '../view.ts';

export const sessionValues = {
  name: 'sessionValues',
  counts: 'conversions in sessions of visitors, and their value, by what the sessions began with',
  dimensions: ['day', 'entry', 'layout', 'channel', 'campaign', 'currency'],
  measures: ['conversions', 'valueMinor'],
  lens: SESSION,
  countsSessions: true,
  countsWeb: true,
  rows({ fromTs, entry, conversions }, _definitions, emit) {
    for (const { currency, valueMinor } of conversions) emit(`${dayOf(fromTs)}\t${entry}\t${currency}`, [1, valueMinor]);
  },
  hasSameRows: (before, now) => before.conversions.length === 0 && now.conversions.length === 0,
} as const satisfies View<Session>;

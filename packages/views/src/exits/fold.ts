import { dayOf } from '@tributary/model/time';
import { SESSION, type Session } from '../sessions/session.ts';
import type { View } from '../view.ts';

export const exits = {
  name: 'exits',
  counts: 'pages that sessions of visitors ended on, by the day on which these began',
  dimensions: ['day', 'page', 'layout'],
  measures: ['exits'],
  lens: SESSION,
  countsSessions: true,
  countsWeb: true,
  rows({ fromTs, exit }, _definitions, emit) {
    emit(`${dayOf(fromTs)}\t${exit}`, [1]);
  },
  hasSameRows: (before, now) => before.exit === now.exit,
} as const satisfies View<Session>;

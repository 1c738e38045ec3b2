import { dayOf } from '@tributary/model/time';
import type { View } from '../view.ts';
import { ENGAGED_MS, SESSION, type Session } from './session.ts';

export const sessions = {
  name: 'sessions',
  counts:
    'sessions of visitors by the page, viewport, channel and campaign that they began with; bounces have one view, are engaged for less than 10 s and convert nothing',
  dimensions: ['day', 'entry', 'layout', 'channel', 'campaign'],
  measures: ['sessions', 'bounces', 'views', 'durationMs', 'engagedMs', 'converting'],
  lens: SESSION,
  countsSessions: true,
  countsWeb: true,
  rows({ fromTs, entry, views, durationMs, engagedMs, converts }, _definitions, emit) {
    const isBounce = views <= 1 && engagedMs < ENGAGED_MS && !converts;
    emit(`${dayOf(fromTs)}\t${entry}`, [1, isBounce ? 1 : 0, views, durationMs, engagedMs, converts ? 1 : 0]);
  },
} as const satisfies View<Session>;

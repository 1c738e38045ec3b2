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
    emit(keyOf(fromTs, entry), [1, isBounce ? 1 : 0, views, durationMs, engagedMs, converts ? 1 : 0]);
  },
} as const satisfies View<Session>;

let last = { day: '', entry: '', key: '' };

/** A session is taken away and added again with each event of it: its key is the one of just now. A cache, nothing more. */
function keyOf(fromTs: number, entry: string): string {
  const day = dayOf(fromTs);
  if (last.entry !== entry || last.day !== day) last = { day, entry, key: `${day}\t${entry}` };
  return last.key;
}

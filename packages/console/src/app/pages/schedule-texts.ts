/** What a schedule says, what may be done with it, and where the preview of that stands. */
import type { Answer } from '@tributary/client/operations';
import { duration, NONE } from '../parts/format.ts';
import { addressWith, type Place } from '../state/place.ts';

export type Schedule = Answer<'schedules'>['schedules'][number];

export const WHAT = ['set', 'pause', 'resume', 'remove'] as const;
export type What = (typeof WHAT)[number];

export interface ScheduleProps {
  readonly place: Place;
  readonly schedules: readonly Schedule[];
}

/** The address of a change; null as `what` leaves it. */
export function scheduleAddress(place: Place, what: What | null, schedule: string | null = null): string {
  const chosen = { every: null, cron: null, zone: null, mode: null, promote: null, priority: null, generation: null, run: null };
  return addressWith(place, { ...chosen, do: what, schedule });
}

/** What may be done with one. */
export function actionsOnSchedule({ paused }: Schedule): readonly What[] {
  return ['set', paused ? 'resume' : 'pause', 'remove'];
}

export const WORDS: Readonly<Record<What, string>> = { set: 'Change', pause: 'Pause', resume: 'Resume', remove: 'Remove' };

export function whenOf({ everyMs, cron }: Pick<Schedule, 'everyMs' | 'cron'>): string {
  return everyMs === null ? (cron ?? NONE) : `each ${duration(everyMs)}`;
}

export function promotes(promote: Schedule['promote']): string {
  if (promote === 'auto') return 'readers get it at once';
  if (promote === 'ask') return 'staged, and asks';
  return `at once below ${promote.below * 100} % moved, else staged`;
}

export const computes = (mode: Schedule['mode']): string => (mode === 'full' ? 'all' : 'what is new');

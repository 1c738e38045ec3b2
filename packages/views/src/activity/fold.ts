import { DAY_MS, dayOf } from '@tributary/model/time';
import type { TimelineEvent } from '../timeline.ts';
import { ITSELF, type View } from '../view.ts';

const ONE = [1];

export const activity = {
  name: 'activity',
  counts: 'distinct events of each type and day, which "counts once" is checked against',
  dimensions: ['day', 'type'],
  measures: ['events'],
  lens: ITSELF,
  countsSignals: true,
  rows({ ts, type }, _definitions, emit) {
    emit(keyOf(ts, type), ONE);
  },
} as const satisfies View<TimelineEvent>;

const MOST_KEYS = 1_024;
const keys = new Map<string, string>();
let dayOfKeys = Number.NaN;

/** Every event has a row here, and nearly all are of one day: one text for many, whose hash is known. A cache, nothing more. */
function keyOf(ts: number, type: string): string {
  const day = Math.floor(ts / DAY_MS);
  if (day !== dayOfKeys || keys.size >= MOST_KEYS) keys.clear();
  dayOfKeys = day;
  let key = keys.get(type);
  if (key === undefined) keys.set(type, (key = `${dayOf(ts)}\t${type}`));
  return key;
}

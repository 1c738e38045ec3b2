import type { View } from '../view.ts';
import { PASSAGES, type Passages } from './passages.ts';

const ENTERED = [1, 0];
const LEFT = [0, 1];

export const segmentDays = {
  name: 'segmentDays',
  counts:
    'users who entered and left the segments that the definitions count by day: the segment and its version; who leaves if nothing more happens is counted on the day to come',
  dimensions: ['day', 'segment', 'version'],
  measures: ['entered', 'left'],
  lens: PASSAGES,
  countsSegmentDays: true,
  rows({ entered, left }, _definitions, emit) {
    for (const key of entered) emit(key, ENTERED);
    for (const key of left) emit(key, LEFT);
  },
} as const satisfies View<Passages>;

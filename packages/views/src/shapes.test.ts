import { expect, test } from 'vitest';
import { EARLIER_VIEWS } from './earlier-views.ts';
import { VIEWS } from './registry.ts';

/**
 * Files of generations and rows of deltas are kept under a view's name, and the next version of the platform reads them. So a name has one shape for ever:
 * a view that has other columns gets another name, and what a kept generation lacks of it is filled by the next run.
 */
const SHAPES: Readonly<Record<string, string>> = {
  activity: 'day type → events',
  touches: 'day channel campaign type currency → touches costMinor',
  conversions: 'day type currency → conversions valueMinor',
  credit: 'day model type channel campaign currency → creditMicros valueMinor',
  coalitions: 'day type channels currency → conversions valueMinor',
  orderNumbers: 'day type channels numbers currency → conversions',
  transitions: 'day type from to currency → conversions valueMinor',
  nullCoalitions: 'day channels → nulls',
  nullTransitions: 'day from to → nulls',
  paths: 'day type path currency → conversions valueMinor',
  pathShapes: 'day type touches lagDays currency → conversions valueMinor',
  channelLags: 'day type channel lagDays currency → conversions valueMinor',
  assists: 'day type channel campaign currency → assisted assistedValueMinor participated participatedValueMinor',
  positions: 'day type channel position currency → creditMicros valueMinor',
  pages: 'day page layout → views engagedMs visibleMs botViews',
  links: 'day page target host → clicks',
  forms: 'day page form field → focused changed submitted lastField ms',
  scrollBands: `day page layout → ${Array.from({ length: 20 }, (_, band) => `band${band}Ms`).join(' ')}`,
  scrollReach: `day page layout → ${Array.from({ length: 20 }, (_, band) => `band${band}Views`).join(' ')}`,
  attention: 'day page layout element → boxes seenViews cursorMs viewportMs clicks xPx yPx widthPx heightPx',
  attentionTotals: 'day page layout → cursorMs viewportMs clicks',
  heat: 'day page layout element kind cell → n',
  sessions: 'day entry layout channel campaign → sessions bounces views durationMs engagedMs converting',
  exits: 'day page layout → exits',
  sessionValues: 'day entry layout channel campaign currency → conversions valueMinor',
  counts: 'day count version value → events',
  segmentDays: 'day segment version → entered left',
};

test('law 7: a view of a name has the columns that kept generations and deltas have under it', () => {
  const found = VIEWS.map(({ name, dimensions, measures }) => [name, `${dimensions.join(' ')} → ${measures.join(' ')}`]);
  expect(Object.fromEntries(found)).toEqual(SHAPES);
  expect(VIEWS.filter(({ name }) => EARLIER_VIEWS.includes(name))).toEqual([]);
});

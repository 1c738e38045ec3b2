/** Lies about how sure the figures of one channel are: what its own users and orders show, and what the others rest on. */
import type { Mutation } from './mutation-list.ts';

const ENGINE = 'packages/attribution/src/uncertainty';
const ITS_TEST = `${ENGINE}/uncertainty.test.ts`;

export const MUTATIONS_OF_CHANNELS: readonly Mutation[] = [
  {
    lie: 'orders of one channel have the tail that all have',
    law: '7',
    file: `${ENGINE}/cautions.ts`,
    from: 'mayBeHeavy(converted, converted, ofValue, heavyTail.ofValue)',
    to: 'false',
    test: ITS_TEST,
  },
  {
    lie: 'users of one channel convert as all do',
    law: '7',
    file: `${ENGINE}/cautions.ts`,
    from: 'converted / 2) || heavyTail.ofConversions;',
    to: 'converted / 2);',
    test: ITS_TEST,
  },
  {
    lie: 'parts of a whole do not rest on channels without an interval',
    law: '7',
    file: `${ENGINE}/uncertainty.ts`,
    from: 'const hasNoShares = refused === null && decidesShares(refusals, parts);',
    to: 'const hasNoShares = false;',
    test: ITS_TEST,
  },
  {
    lie: 'groups show no channel whose users convert more often than all',
    law: '7',
    file: `${ENGINE}/channels-apart.ts`,
    from: 'return dispersedBy(grouped, i) > limit;',
    to: 'return limit < 0;',
    test: `${ENGINE}/jackknife.test.ts`,
  },
  {
    lie: 'the orders of one channel in groups are as all are',
    law: '7',
    file: `${ENGINE}/jackknife.ts`,
    from: 'if (mayShowTail(grouped, i, conversions)) return true;',
    to: '',
    test: `${ENGINE}/jackknife.test.ts`,
  },
  {
    lie: 'an effect of rates that may be below 0 hands out credit',
    law: '7',
    file: `${ENGINE}/uncertainty.ts`,
    from: 'const mayBeBelow = !(above >= SURELY_ABOVE);',
    to: 'const mayBeBelow = above < -SURELY_ABOVE;',
    test: ITS_TEST,
  },
  {
    lie: 'an effect of rates that may be below 0 hands out credit in groups',
    law: '7',
    file: `${ENGINE}/jackknife.ts`,
    from: 'const mayBeBelow = !(above >= SURELY_ABOVE);',
    to: 'const mayBeBelow = above < -SURELY_ABOVE;',
    test: `${ENGINE}/jackknife.test.ts`,
  },
  {
    lie: 'effects that are sampled have the error of users alone',
    law: '7',
    file: `${ENGINE}/estimators.ts`,
    from: "return nearby === null ? 'sampled_effects' : estimateBy(nearby);",
    to: 'return estimateBy(nearby ?? effects);',
    test: ITS_TEST,
  },
  {
    lie: 'rates near known counts grow with the number of users',
    law: '7',
    file: 'packages/attribution/src/data-driven/rate-game-near.ts',
    from: 'const scale = all === 0 ? 0 : game.journeys / all;',
    to: 'const scale = 1;',
    test: 'packages/attribution/src/data-driven/rate-game-near.test.ts',
  },
  {
    lie: 'an effect near its bound is surely above next to nothing, and CPA has an upper bound of billions',
    law: '7',
    file: `${ENGINE}/selection.ts`,
    from: '  return low;',
    to: '  return (low + high) / 2;',
    test: `${ENGINE}/selection.test.ts`,
  },
  {
    lie: 'a channel of few users is judged by these alone, where others convert more often',
    law: '7',
    file: `${ENGINE}/cautions.ts`,
    from: 'return ofConversions >= SHOWING.part * converted;',
    to: 'return true;',
    test: ITS_TEST,
  },
];

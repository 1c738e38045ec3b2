/** Lies about intervals of channels of which few users convert, or none. */
import type { Mutation } from './mutation-list.ts';

const ENGINE = 'packages/attribution/src/uncertainty';
const ITS_TEST = `${ENGINE}/channels-of-few.test.ts`;

export const MUTATIONS_OF_FEW: readonly Mutation[] = [
  {
    lie: 'a channel of which no user converted is printed as often as one of few',
    law: '7',
    file: `${ENGINE}/uncertainty.ts`,
    from: "kind === 'user' ? mostOfNone(FEWEST_TO_JUDGE, level) : deviations(level) ** 2",
    to: 'deviations(level) ** 2',
    test: `${ENGINE}/uncertainty.test.ts`,
  },
  {
    lie: 'that none of a channel converted is a bound where others convert twice',
    law: '7',
    file: `${ENGINE}/cautions.ts`,
    from: '!showsAbsence(beside.ofConversions)',
    to: 'beside.ofConversions.unlike > 1.25',
    test: ITS_TEST,
  },
  {
    lie: 'a channel of which many orders are refunded is like the others',
    law: '7',
    file: `${ENGINE}/like-others.ts`,
    from: 'own[5] > mostOfNothing(usual, own[0]) ||',
    to: '',
    test: ITS_TEST,
  },
  {
    lie: 'a channel of which many users order again is like the others',
    law: '7',
    file: `${ENGINE}/like-others.ts`,
    from: 'mayBeOfFew(ordersOf(own), ordersOf(usual))',
    to: 'false',
    test: ITS_TEST,
  },
  {
    lie: 'many groups know how far a channel differs no better than 16',
    law: '7',
    file: `${ENGINE}/channels-apart.ts`,
    from: 'MOST_APART.times * Math.sqrt(MOST_APART.degrees / (groups - 1))',
    to: 'MOST_APART.times * Math.max(1, Math.sqrt(MOST_APART.degrees / (groups - 1)))',
    test: `${ENGINE}/channels-apart.test.ts`,
  },
  {
    lie: 'several units that are alike are drawn as if there were one',
    law: '7',
    file: `${ENGINE}/draws.ts`,
    from: 'OF_FEW[mean]?.[',
    to: 'OF_FEW[1]?.[',
    test: `${ENGINE}/draws.test.ts`,
  },
];

/** Lies about timelines that were cut, and about work that is bounded. */
import type { Mutation } from './mutation-list.ts';

const SPEED = 'services/speed/src';
const VIEWS = 'packages/views/src';

export const MUTATIONS_OF_TIMELINES: readonly Mutation[] = [
  {
    lie: 'an explanation does not ask what the record lost',
    law: '7',
    file: 'services/api/src/find-conversion.ts',
    from: 'seen.ts - inForce.lookbackMs <= cutTs;',
    to: 'seen.ts < cutTs;',
    test: 'services/api/test/paths.test.ts',
  },
  {
    lie: 'work that was left undone is not told',
    law: '7',
    file: `${VIEWS}/step.ts`,
    from: ' || difference.tooMuchWork,',
    to: ',',
  },
  {
    lie: 'what looks behind the cut of a timeline is not told',
    law: '7',
    file: `${VIEWS}/difference.ts`,
    from: 'earliest - Math.max(reachMs, revisableMs) <= cutTs',
    to: 'earliest < cutTs',
  },
  {
    lie: "a touch exactly at the cut is out of a conversion's sight",
    law: '7',
    file: `${VIEWS}/difference.ts`,
    from: 'earliest - Math.max(reachMs, revisableMs) <= cutTs',
    to: 'earliest - Math.max(reachMs, revisableMs) < cutTs',
  },
  {
    lie: 'the anchors that an event revises are not asked whether they look behind the cut',
    law: '7',
    file: `${VIEWS}/difference.ts`,
    from: 'after[anchors[0] ?? at]',
    to: 'after[at]',
  },
  {
    lie: 'a frozen event is told as looking behind the cut',
    law: '7',
    file: `${VIEWS}/difference.ts`,
    from: 'if (computes && earliest',
    to: 'if (earliest',
  },
  {
    lie: 'a worker that loads a record forgets the cut',
    law: '7',
    file: `${VIEWS}/record.ts`,
    from: 'emptyUser(Math.max(cutTs, markedCut(record)))',
    to: 'emptyUser(cutTs)',
  },
  {
    lie: 'a longer lookback believes that records were always kept for it',
    law: '7',
    file: `${SPEED}/partition-run.ts`,
    from: 'if (run.rules.retention.longMs > keptMs) run.cutTs',
    to: 'if (keptMs < 0) run.cutTs',
  },
  {
    lie: 'an event behind the cut is taken for a new one',
    law: '3',
    file: `${VIEWS}/step.ts`,
    from: 'if (incoming.ts <= user.cutTs) return BEHIND_THE_CUT;',
    to: '',
  },
  {
    lie: 'a parked event leaves no mark in the record of its user',
    law: '7',
    file: `${SPEED}/apply.ts`,
    from: 'append(userKey, user, cutMark(event.ts));',
    to: '',
    test: 'services/speed/test/poison.test.ts',
  },
  {
    lie: 'one event may be any work',
    law: '7',
    file: `${VIEWS}/work.ts`,
    from: 'Math.min(MOST_OF_EVENT, user.left)',
    to: 'user.left',
  },
  {
    lie: 'each event of a batch has a share of work of its own',
    law: '7',
    file: `${SPEED}/apply.ts`,
    from: ', workOf(user));',
    to: ');',
  },
];

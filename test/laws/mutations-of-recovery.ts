/** Lies about what is lost, and what a start may create again. */
import type { Mutation } from './mutation-list.ts';

const LOST = 'packages/runtime/src/event-log/lost.ts';
const LOST_TEST = 'packages/runtime/src/event-log/lost.test.ts';
const CLI = 'packages/cli/src';
const NOT_READ = 'services/speed/test/not-read.test.ts';
const PARTITION_RUN = 'services/speed/src/partitions/partition-run.ts';
const RECOVER = 'packages/cli/test/recover.redis.test.ts';

export const MUTATIONS_OF_RECOVERY: readonly Mutation[] = [
  {
    lie: 'what recover asked for lets a second loss pass',
    law: '6',
    file: LOST,
    from: '      if (isAsked) forgetRestore(dataDir);',
    to: '',
    test: LOST_TEST,
  },
  {
    lie: 'what was asked for before a log was there lets its loss pass',
    law: '6',
    file: LOST,
    from: 'if (isAsked && !isGone && role !== null) forgetRestore(dataDir);',
    to: '',
    test: LOST_TEST,
  },
  {
    lie: 'what was asked for another log creates this one again',
    law: '6',
    file: 'packages/runtime/src/event-log/restores.ts',
    from: 'return readNote(askedFile(dataDir))?.identity === identity;',
    to: 'return readNote(askedFile(dataDir)) !== null;',
    test: LOST_TEST,
  },
  {
    lie: 'recover rebuilds from an archive that is damaged',
    law: '7',
    file: `${CLI}/commands/recover.ts`,
    from: 'isDamage(fault) && fault.generation === undefined',
    to: 'isDamage(fault) && fault.generation === 0',
    test: RECOVER,
  },
  {
    lie: 'a Redis that does not answer is lost',
    law: '6',
    file: `${CLI}/commands/recover.ts`,
    from: "(found.state === 'unknown' && options.lostLog === true)",
    to: "found.state === 'unknown'",
    test: RECOVER,
  },
  {
    lie: 'the Redis of npm start that is stopped is lost',
    law: '6',
    file: `${CLI}/recovery/find-loss.ts`,
    from: 'if (hasData)',
    to: 'if (isNamed)',
    test: RECOVER,
  },
  {
    lie: 'a log that begins behind the archive is whole',
    law: '7',
    file: `${CLI}/recovery/find-loss.ts`,
    from: 'start !== null && start >',
    to: 'start === null && start >',
    test: RECOVER,
  },
  {
    lie: 'a worker that counts nothing before the oldest generation that is read says that it did',
    law: '7',
    file: 'packages/store/src/counted-views.ts',
    from: 'Math.max(counted, generation)',
    to: 'Math.min(counted, generation)',
    test: NOT_READ,
  },
  {
    lie: 'a worker that began before the oldest generation that is read counts nothing behind its cut',
    law: '1',
    file: PARTITION_RUN,
    from: 'if (!isOfSameRows || !counted) run.rules',
    to: 'if (!isOfSameRows) run.rules',
    test: NOT_READ,
  },
  {
    lie: 'what is passed on about conversions is only of generations that are read',
    law: '3',
    file: PARTITION_RUN,
    from: "limits.outputs === 'none' ? ((await oldestRead?.()) ?? 0) : 0",
    to: '(await oldestRead?.()) ?? 0',
    test: NOT_READ,
  },
  {
    lie: 'readers never go back to an older generation of the list',
    law: '7',
    file: 'packages/archive/src/publications.ts',
    from: 'Math.min(generation, kept.upTo + 1, ...kept.generations)',
    to: 'Math.min(generation, kept.upTo + 1)',
    test: 'packages/archive/src/publications.test.ts',
  },
  {
    lie: 'where nothing is counted, conversions that repeat others go into timelines like any event',
    law: '1',
    file: 'packages/views/src/step-packed.ts',
    from: "const isAlone = incoming.once === '' && (isMere || (rules.groups.length === 0 && !rules.gathersPaths));",
    to: "const isAlone = (incoming.once === '' && isMere) || (rules.groups.length === 0 && !rules.gathersPaths);",
    test: 'test/laws/law-1-packed.test.ts',
  },
];

/** Lies about whether store, log and archive are of one history. */
import type { Mutation } from './mutation-list.ts';

const SPEED = 'services/speed/src';
const MODEL = 'packages/model/src';
const ARCHIVER = 'services/archiver/src';

export const MUTATIONS_OF_HISTORY: readonly Mutation[] = [
  {
    lie: 'a data folder without a note is nobody`s, whatever its archive says',
    law: '6',
    file: 'packages/runtime/src/log-note.ts',
    from: 'readNote(file) ?? archivedIdentity(dataDir);',
    to: 'readNote(file);',
    test: 'packages/runtime/src/log-note.test.ts',
  },
  {
    lie: 'a first segment may begin anywhere in the log',
    law: '6',
    file: `${ARCHIVER}/one-history.ts`,
    from: 'if (start === null || (last',
    to: 'if (start === null || last === null || (last',
  },
  {
    lie: 'a segment is written without the one before it',
    law: '6',
    file: `${ARCHIVER}/one-history.ts`,
    from: 'if (before?.upTo === after) return;',
    to: 'return;',
  },
  {
    lie: 'the log is trimmed though the archive cannot be read',
    law: '6',
    file: `${ARCHIVER}/trim.ts`,
    from: "if (upTo > ((await readableUpTo(partition)) ?? '')) throw unreadable(partition, upTo);",
    to: '',
  },
  {
    lie: 'a record moves log time as far as it likes',
    law: '8',
    file: `${SPEED}/decode.ts`,
    from: 'Math.min(receivedAt, appendedMs)',
    to: 'receivedAt',
  },
  {
    lie: 'log time that ran ahead stays there',
    law: '8',
    file: `${SPEED}/decode.ts`,
    from: '      batch.logTimeMs = appendedMs;',
    to: '',
  },
  {
    lie: 'log time comes back, and what was let go meanwhile is not told',
    law: '7',
    file: `${SPEED}/partition-run.ts`,
    from: 'run.cutTs = Math.max(run.cutTs, fromMs - recordRetentionMs(run.rules));',
    to: '',
  },
  {
    lie: 'timelines made under a far clock go on after it came back',
    law: '7',
    file: `${SPEED}/apply.ts`,
    from: 'if (batch.fellFromMs !== undefined) fallBack(run, batch.fellFromMs, limits);',
    to: 'if (batch.fellFromMs !== undefined) run.cutTs = Math.max(run.cutTs, batch.fellFromMs - retentionMs);',
  },
  {
    lie: 'a record from the far future is an event',
    law: '8',
    file: `${MODEL}/decode-line.ts`,
    from: 'if (receivedAt > appendedMs + EVENT_BOUNDS.futureMs)',
    to: 'if (receivedAt > Number.MAX_SAFE_INTEGER)',
  },
  {
    lie: 'a barrier may lie any number of generations ahead',
    law: '7',
    file: `${MODEL}/partition-record.ts`,
    from: '(generation as number) - newest > MAX_GENERATIONS_AHEAD',
    to: '(generation as number) - newest > Number.MAX_SAFE_INTEGER',
  },
  {
    lie: 'the depth of a line is not looked at',
    law: '7',
    file: `${MODEL}/decode-line.ts`,
    from: 'if (mayBeDeep(line) && ',
    to: 'if (line === "" && ',
  },
  {
    lie: 'a partition without a state is nothing to worry about',
    law: '7',
    file: 'services/api/src/one-history.ts',
    from: 'if (start !== null && position === null)',
    to: 'if (start !== null && position === "")',
  },
  {
    lie: 'a state behind the cut that it has passed is whole',
    law: '7',
    file: 'services/api/src/one-history.ts',
    from: 'state.generation < generation',
    to: 'state.generation < 0',
  },
  {
    lie: 'a worker begins where the log begins, whatever was before',
    law: '1',
    file: `${SPEED}/recall.ts`,
    from: 'recalled.set(partition, { at: position, left: [] });',
    to: '',
  },
  {
    lie: 'a gap between archive and log is skipped',
    law: '7',
    file: `${SPEED}/recall.ts`,
    from: 'await demandNoGap(partition, own.at);',
    to: '',
  },
  {
    lie: 'a log that was put back to an older copy is taken as it is',
    law: '1',
    file: `${SPEED}/recall.ts`,
    from: 'await log.mend?.(partition, archived);',
    to: 'continue;',
  },
  {
    lie: 'what the store refuses for good passes for a store that is down',
    law: '7',
    file: 'packages/kv/src/unless-down.ts',
    from: 'if (!isRefusal(cause)) throw error;',
    to: 'throw error;',
    test: 'services/speed/test/standing-still.test.ts',
  },
  {
    lie: 'a partition that stands still does not say why',
    law: '7',
    file: `${SPEED}/standing-still.ts`,
    from: 'reasons.set(partition, why)',
    to: 'undefined',
    test: 'services/speed/test/standing-still.test.ts',
  },
];

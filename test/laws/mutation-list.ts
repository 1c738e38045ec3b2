/** Small deliberate errors in the code ("lies"), each of which a law must notice. `from` occurs exactly once in the file. */

import { MUTATIONS_OF_ARCHIVE_QUESTIONS } from './mutations-of-archive-questions.ts';
import { MUTATIONS_OF_AUDITS } from './mutations-of-audits.ts';
import { MUTATIONS_OF_BATCH } from './mutations-of-batch.ts';
import { MUTATIONS_OF_CHANNELS } from './mutations-of-channels.ts';
import { MUTATIONS_OF_COLLECTOR } from './mutations-of-collector.ts';
import { MUTATIONS_OF_COMMITS } from './mutations-of-commits.ts';
import { MUTATIONS_OF_CONSOLE } from './mutations-of-console.ts';
import { MUTATIONS_OF_DOORS } from './mutations-of-doors.ts';
import { MUTATIONS_OF_EXCHANGE_RATES } from './mutations-of-exchange-rates.ts';
import { MUTATIONS_OF_FEW } from './mutations-of-few.ts';
import { MUTATIONS_OF_FOLDERS } from './mutations-of-folders.ts';
import { MUTATIONS_OF_FOLLOWERS } from './mutations-of-followers.ts';
import { MUTATIONS_OF_GROUPS } from './mutations-of-groups.ts';
import { MUTATIONS_OF_HISTORY } from './mutations-of-history.ts';
import { MUTATIONS_OF_JOURNEYS } from './mutations-of-journeys.ts';
import { MUTATIONS_OF_KAFKA } from './mutations-of-kafka.ts';
import { MUTATIONS_OF_LINES } from './mutations-of-lines.ts';
import { MUTATIONS_OF_MEMBERS } from './mutations-of-members.ts';
import { MUTATIONS_OF_ONCE } from './mutations-of-once.ts';
import { MUTATIONS_OF_PAGES } from './mutations-of-pages.ts';
import { MUTATIONS_OF_QUESTIONS } from './mutations-of-questions.ts';
import { MUTATIONS_OF_READS } from './mutations-of-reads.ts';
import { MUTATIONS_OF_RECONCILIATION } from './mutations-of-reconciliation.ts';
import { MUTATIONS_OF_RECORDS } from './mutations-of-records.ts';
import { MUTATIONS_OF_RECOVERY } from './mutations-of-recovery.ts';
import { MUTATIONS_OF_RETENTION } from './mutations-of-retention.ts';
import { MUTATIONS_OF_RULES } from './mutations-of-rules.ts';
import { MUTATIONS_OF_RUNS } from './mutations-of-runs.ts';
import { MUTATIONS_OF_SETTINGS } from './mutations-of-settings.ts';
import { MUTATIONS_OF_SIGNALS } from './mutations-of-signals.ts';
import { MUTATIONS_OF_STAGING } from './mutations-of-staging.ts';
import { MUTATIONS_OF_SUBJECTS } from './mutations-of-subjects.ts';
import { MUTATIONS_OF_SUMS } from './mutations-of-sums.ts';
import { MUTATIONS_OF_TIMELINES } from './mutations-of-timelines.ts';
import { MUTATIONS_OF_TRAINING_SETS } from './mutations-of-training-sets.ts';
import { MUTATIONS_OF_UNCERTAINTY } from './mutations-of-uncertainty.ts';
import { MUTATIONS_OF_UPGRADES } from './mutations-of-upgrades.ts';
import { MUTATIONS_OF_VIEW_FILES } from './mutations-of-view-files.ts';
import { MUTATIONS_OF_WEB } from './mutations-of-web.ts';

export interface Mutation {
  readonly lie: string;
  readonly law: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** The test file that notices, where it is none that judges every lie (`mutations.ts`). */
  readonly test?: string;
}

const SPEED = 'services/speed/src';
const VIEWS = 'packages/views/src';
const STORE = 'packages/store/src';
const SERVING = 'packages/serving/src';
const POWER_LOSS = 'test/faults/archiver-power-loss.isolated.test.ts';

export const MUTATIONS: readonly Mutation[] = [
  {
    lie: 'the merge takes deltas of generations > g',
    law: '1, 7',
    file: `${SERVING}/deltas/held.ts`,
    from: 'if (generation >= from && rows !== undefined) yield [rows, number];',
    to: 'if (generation > from && rows !== undefined) yield [rows, number];',
  },
  {
    lie: 'an answer is brought up to date by changes of older generations as well',
    law: '1',
    file: `${SERVING}/deltas/versions.ts`,
    from: 'change.generation >= generation &&',
    to: 'change.generation >= 0 &&',
  },
  {
    lie: 'what differs in a partition that was read whole again is not a change',
    law: '1',
    file: `${SERVING}/deltas/held.ts`,
    from: '        for (const [generation, rows] of read.differences) changed({ partition: number, generation, rows, sign: 1 });\n',
    to: '',
  },
  {
    lie: 'an old snapshot is given the newest answer',
    law: '1',
    file: `${SERVING}/deltas/live-answers.ts`,
    from: 'if (known.version.number > version.number)',
    to: 'if (known.version.number > version.number) return known.rows;\n      if (known.version.number > version.number)',
  },
  {
    lie: 'a store with as many commits as are known is taken for the same',
    law: '7',
    file: `${STORE}/deltas/follow.lua`,
    from: 'if commit == ARGV[2] then reply[3] = 1 end',
    to: 'reply[3] = 1',
  },
  {
    lie: 'the script reads deltas from g + 1 on',
    law: '1',
    file: `${STORE}/deltas/read-deltas.lua`,
    from: 'local g = first\n',
    to: 'local g = first + 1\n',
  },
  {
    lie: 'the deltas of a batch are filed under the generation that its barrier begins',
    law: '1',
    file: `${SPEED}/apply/apply.ts`,
    from: '      deltasGeneration,\n',
    to: '      deltasGeneration: run.generation,\n',
  },
  {
    lie: 'a batch goes on past the barrier',
    law: '1',
    file: `${SPEED}/read/decode.ts`,
    from: 'if (endsEarly(batch)) break;',
    to: 'if (fallsBack) break;',
  },
  {
    lie: 'what was read ahead of a barrier is not read again',
    law: '1',
    file: `${SPEED}/apply/begin.ts`,
    from: 'if (endsEarly(batch)) reader.seek(run.partition, batch.upTo);',
    to: '',
  },
  {
    lie: 'a batch begun ahead starts from the log time of what is applied, not of what lies before it',
    law: '1',
    file: `${SPEED}/apply/begin.ts`,
    from: 'decodeBatch(own, run.decodedLogTimeMs,',
    to: 'decodeBatch(own, run.logTimeMs,',
  },
  {
    lie: 'a barrier of an older generation is accepted after a newer one',
    law: '1',
    file: 'packages/model/src/partition-record.ts',
    from: '(generation as number) <= newest',
    to: '(generation as number) === newest',
  },
  {
    lie: 'new definitions do not hold from the barrier on',
    law: '1',
    file: `${SPEED}/partitions/partition-run.ts`,
    from: 'if (!isOfSameRows || !counted) run.rules',
    to: 'if (!counted) run.rules',
  },
  {
    lie: 'last non-direct takes the first non-direct',
    law: '1',
    file: 'packages/attribution/src/rules/weights.ts',
    from: 'for (let i = length - 1; i >= 0; i--) if (!direct',
    to: 'for (let i = 0; i < length; i++) if (!direct',
  },
  {
    lie: 'time decay rounds the age up',
    law: '1',
    file: 'packages/attribution/src/rule-based.ts',
    from: 'Math.floor((conversionTs - (path[i] as PathTouch).ts) / HOUR_MS)',
    to: 'Math.ceil((conversionTs - (path[i] as PathTouch).ts) / HOUR_MS)',
  },
  {
    lie: 'timelines keep the lookback but not the lateness',
    law: '1, 8',
    file: `${VIEWS}/user-state.ts`,
    from: 'longMs: latenessMs + reachOf(views)',
    to: 'longMs: reachOf(views)',
  },
  {
    lie: 'a user that the next batch needs is evicted',
    law: '1',
    file: `${SPEED}/partitions/user-cache.ts`,
    from: 'if (held <= maxEvents * KEEP || lastBatch(slot) > batch) break;',
    to: 'if (held <= maxEvents * KEEP) break;',
  },
  {
    lie: 'a conversion may come before the touches of its instant',
    law: '2',
    file: `${VIEWS}/member.ts`,
    from: "rank: kind === 'conversion' && definitions.touchesFirst ? 1 : 0,",
    to: 'rank: 0,',
  },
  {
    lie: 'in SQL a conversion may come before the touches of its instant',
    law: '2',
    file: `${VIEWS}/timeline/batch.sql`,
    from: "ORDER BY touches_first AND kind = 'conversion', id)",
    to: 'ORDER BY id)',
  },
  {
    lie: 'an event at the instant of the last one is taken for the newest',
    law: '2, 3',
    file: `${VIEWS}/user-state.ts`,
    from: 'last === undefined || before(last, event)',
    to: 'last === undefined || last.ts <= event.ts',
  },
  {
    lie: 'an out-of-order event is only added, later conversions are not looked at again',
    law: '2, 3',
    file: `${VIEWS}/difference.ts`,
    from: 'if (anchors.length === 0) continue;',
    to: 'if (at >= 0) continue;',
  },
  {
    lie: 'the fence is gone: a writer that fell behind may write',
    law: '3',
    file: `${STORE}/commit/commit.lua`,
    from: "return 'fenced'",
    to: 'position = expected',
  },
  {
    lie: 'a store that lost writes is written to as if it had not',
    law: '3',
    file: `${STORE}/commit/commit.lua`,
    from: "return 'rewound'",
    to: 'position = expected',
  },
  {
    lie: 'the fence looks at the position alone, not at the commit it is of',
    law: '3',
    file: `${STORE}/commit/commit.lua`,
    from: " or (stored[2] or '') ~= expectedCommit then",
    to: ' then',
  },
  {
    lie: 'records of another history are taken for our own',
    law: '3',
    file: `${SPEED}/apply/own-history.ts`,
    from: 'if (ours.includes(found.commitId)) return found;',
    to: 'if (ours.length > 0) return found;',
  },
  {
    lie: 'records are trimmed by the log time of the batch after',
    law: '1',
    file: `${SPEED}/apply/user-records.ts`,
    from: 'const { logTimeMs } = commit.next;',
    to: 'const { logTimeMs } = run;',
  },
  {
    lie: 'records keep only what signals need',
    law: '1',
    file: `${VIEWS}/record.ts`,
    from: 'Math.max(definitions.signalRetention.days * DAY_MS, retention.longMs)',
    to: 'definitions.signalRetention.days * DAY_MS',
  },
  {
    lie: 'a copy in a record counts twice when the user is loaded again',
    law: '3',
    file: `${VIEWS}/record.ts`,
    from: ' || findById(user, event.id) !== undefined) continue;',
    to: ') continue;',
  },
  {
    lie: 'a resend is not recognised',
    law: '3',
    file: `${STORE}/commit/commit.lua`,
    from: "if stored[2] == id then return 'already' end",
    to: '',
  },
  {
    lie: 'a fenced worker keeps its caches',
    law: '3',
    file: `${SPEED}/pipeline.ts`,
    from: "if (outcome === 'fenced' || outcome === 'rewound') return runs.forget(run, outcome);",
    to: "if (outcome === 'rewound') return runs.forget(run, outcome);",
  },
  {
    lie: 'after a lost reply the worker believes that nothing was written',
    law: '3',
    file: `${SPEED}/pipeline.ts`,
    from: '      // The outcome is unknown: what the store then says of state and position is the truth.\n      runs.forget(run, error as Error);',
    to: '      void error;',
  },
  {
    lie: 'the pointer may move back to an equal sequence',
    law: '3',
    file: `${STORE}/serving/set-pointer.lua`,
    from: 'if tonumber(ARGV[1]) <= stored then',
    to: 'if tonumber(ARGV[1]) < stored then',
  },
  {
    lie: 'credit is rounded instead of floored',
    law: '1, 4',
    file: 'packages/model/src/amounts/money.ts',
    from: 'return quotient * c > product ? quotient - 1 : quotient;',
    to: 'return Math.round(product / c);',
  },
  {
    lie: 'products beyond 2^53 are computed in floating point',
    law: '1, 4',
    file: 'packages/model/src/amounts/money.ts',
    from: 'if (product > Number.MAX_SAFE_INTEGER)',
    to: 'if (product > Number.MAX_VALUE)',
  },
  {
    lie: 'a refund is split as if it were income',
    law: '1, 4',
    file: 'packages/model/src/amounts/money.ts',
    from: 'const sign = total < 0 ? -1 : 1;',
    to: 'const sign = 1;',
  },
  {
    lie: 'each part is floored by itself, so that parts do not sum to the whole',
    law: '1, 4',
    file: 'packages/model/src/amounts/money.ts',
    from: 'parts[i] = sign * (upTo - before) || 0;',
    to: 'parts[i] = sign * mulDivFloor(magnitude, weights[i] as number, sum) || 0;',
  },
  {
    lie: 'a partition that does not answer is left out',
    law: '7',
    file: `${SERVING}/deltas/follower.ts`,
    from: '    assertAnswered(followed, all);\n',
    to: '',
  },
  {
    lie: 'retired deltas read as nothing',
    law: '7',
    file: `${STORE}/deltas/read-deltas.lua`,
    from: 'if first < oldest then',
    to: 'if false then',
  },
  {
    lie: 'deltas that are retired between two keys of a read are empty',
    law: '7',
    file: `${STORE}/deltas/reads-by-key.ts`,
    from: " && (oldest ?? undefined) === fields['oldest'] ?",
    to: ' ?',
    test: 'packages/store/src/deltas/partition-reads.test.ts',
  },
  {
    lie: 'the frozen line is one millisecond early',
    law: '8',
    file: `${VIEWS}/difference.ts`,
    from: 'if (event.ts > frozenUpTo) {',
    to: 'if (event.ts >= frozenUpTo) {',
  },
  {
    lie: 'a late touch changes a conversion at the frozen line',
    law: '8',
    file: `${VIEWS}/difference.ts`,
    from: '(after[i] as TimelineEvent).ts > frozenUpTo);',
    to: '(after[i] as TimelineEvent).ts >= frozenUpTo);',
  },
  {
    lie: 'late events are not counted as pending',
    law: '8',
    file: `${SPEED}/apply/apply.ts`,
    from: "if (fate === 'late') effects.late++;",
    to: '',
  },
  {
    lie: 'log time stands still',
    law: '8',
    file: `${SPEED}/read/decode.ts`,
    from: 'batch.logTimeMs = later(batch.logTimeMs, event.receivedAt, entry.appendedMs);',
    to: '',
  },
  {
    lie: 'heartbeats do not move log time',
    law: '8',
    file: `${SPEED}/read/decode.ts`,
    from: 'if (heartbeat.ok) batch.logTimeMs = later(batch.logTimeMs, heartbeat.receivedAt, appendedMs);',
    to: '',
  },
  {
    lie: 'manifests are not fsynced',
    law: '6',
    file: 'packages/archive/src/durable.ts',
    from: 'await file.writeFile(bytes);\n    await file.sync();',
    to: 'await file.writeFile(bytes);',
    test: POWER_LOSS,
  },
  {
    lie: 'archive files are not fsynced',
    law: '6',
    file: 'packages/archive/src/durable.ts',
    from: "open(path, 'r+');\n  try {\n    await file.sync();",
    to: "open(path, 'r+');\n  try {",
    test: POWER_LOSS,
  },
  {
    lie: 'folders are not fsynced',
    law: '6',
    file: 'packages/archive/src/durable.ts',
    from: 'await folder.sync();',
    to: '',
    test: POWER_LOSS,
  },
  {
    lie: 'a manifest has its name before the names of its files are durable',
    law: '6, 7',
    file: 'services/archiver/src/close-segments.ts',
    from: '    for (const folder of folders) await syncFolder(folder);\n',
    to: '',
    test: POWER_LOSS,
  },
  ...MUTATIONS_OF_EXCHANGE_RATES,
  ...MUTATIONS_OF_AUDITS,
  ...MUTATIONS_OF_RECOVERY,
  ...MUTATIONS_OF_UPGRADES,
  ...MUTATIONS_OF_FOLDERS,
  ...MUTATIONS_OF_HISTORY,
  {
    lie: 'an entry dated ahead of the clock is new',
    law: '7',
    file: 'packages/log/src/redis-stream/age-after.lua',
    from: "first and now - tonumber(string.match(first[1], '^%d+'))",
    to: "first and math.max(0, now - tonumber(string.match(first[1], '^%d+')))",
    test: 'test/contract/log.redis.test.ts',
  },
  {
    lie: 'a reader that catches up asks for as many entries, however heavy they are',
    law: '7',
    file: 'packages/log/src/redis-stream/weights.ts',
    from: 'Math.floor(bytes / heaviest)',
    to: 'maxEntries',
    test: 'packages/log/src/redis-stream/weights.test.ts',
  },
  ...MUTATIONS_OF_ARCHIVE_QUESTIONS,
  ...MUTATIONS_OF_BATCH,
  ...MUTATIONS_OF_JOURNEYS,
  ...MUTATIONS_OF_KAFKA,
  ...MUTATIONS_OF_LINES,
  ...MUTATIONS_OF_ONCE,
  ...MUTATIONS_OF_PAGES,
  ...MUTATIONS_OF_FOLLOWERS,
  ...MUTATIONS_OF_QUESTIONS,
  ...MUTATIONS_OF_READS,
  ...MUTATIONS_OF_RECONCILIATION,
  ...MUTATIONS_OF_RECORDS,
  ...MUTATIONS_OF_CONSOLE,
  ...MUTATIONS_OF_DOORS,
  ...MUTATIONS_OF_COLLECTOR,
  ...MUTATIONS_OF_COMMITS,
  ...MUTATIONS_OF_RETENTION,
  ...MUTATIONS_OF_RULES,
  ...MUTATIONS_OF_RUNS,
  ...MUTATIONS_OF_SETTINGS,
  ...MUTATIONS_OF_SIGNALS,
  ...MUTATIONS_OF_MEMBERS,
  ...MUTATIONS_OF_STAGING,
  ...MUTATIONS_OF_SUBJECTS,
  ...MUTATIONS_OF_SUMS,
  ...MUTATIONS_OF_TIMELINES,
  ...MUTATIONS_OF_TRAINING_SETS,
  ...MUTATIONS_OF_UNCERTAINTY,
  ...MUTATIONS_OF_VIEW_FILES,
  ...MUTATIONS_OF_WEB,
  ...MUTATIONS_OF_CHANNELS,
  ...MUTATIONS_OF_GROUPS,
  ...MUTATIONS_OF_FEW,
];

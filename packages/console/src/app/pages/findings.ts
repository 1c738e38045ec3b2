/** What of the platform needs somebody, by what the API answers: each thing looked at, judged, and what to do. */
import type { Answer } from '@tributary/client/operations';
import { troubleOf } from '@tributary/model/computation-trouble';
import { scheduleOverdueMs } from '@tributary/model/schedule-bounds';
import { count, duration, instant } from '../parts/format.ts';
import { wordsOf } from '../words.ts';

export interface Finding {
  readonly check: string;
  readonly is: 'good' | 'late' | 'bad' | 'unknown';
  readonly detail: string;
  /** null: there is nothing to do. */
  readonly fix: string | null;
}

/** undefined: not answered. */
export interface Seen {
  readonly status: Answer<'status'>;
  readonly schedules: readonly Answer<'schedules'>['schedules'][number][] | undefined;
  readonly rejections: Pick<Answer<'rejections'>, 'collectors'> | undefined;
  /** Newest first. */
  readonly reconciliations: readonly Answer<'reconciliations'>['reconciliations'][number][] | undefined;
}

export function findingsOf(seen: Seen, nowMs: number): readonly Finding[] {
  const { status, schedules, rejections, reconciliations } = seen;
  return [
    answers(status),
    generation(status),
    partitions(status),
    schedules === undefined ? notAnswered('Schedules') : runs(schedules, status.lastRun?.at ?? 0, nowMs),
    rejections === undefined ? notAnswered('Collectors') : collectors(rejections),
    reconciliations === undefined ? notAnswered('Both engines') : engines(reconciliations),
    computations(status, nowMs),
    definitions(status),
  ];
}

function notAnswered(check: string): Finding {
  return { check, is: 'unknown', detail: 'the API did not answer this', fix: 'Load the page again.' };
}

function good(check: string, detail: string): Finding {
  return { check, is: 'good', detail, fix: null };
}

function answers({ complete, reasons, warnings }: Seen['status']): Finding {
  if (complete) return good('Answers', 'complete');
  const detail = `not complete: ${warnings[0] ?? wordsOf(reasons)}`;
  return { check: 'Answers', is: 'bad', detail, fix: 'Correct what the banner above names.' };
}

function generation({ generation: { current, served, failure } }: Seen['status']): Finding {
  const check = 'Generation';
  if (failure !== null)
    return {
      check,
      is: 'bad',
      detail: failure,
      fix: 'Roll back on the page Operations, or repair its files: tributary archive verify.',
    };
  if (isNone(current))
    return {
      check,
      is: 'late',
      detail: 'none was published yet: answers come from real time alone',
      fix: 'Run a batch on the page Operations.',
    };
  if (served !== current)
    return {
      check,
      is: 'late',
      detail: `number ${served ?? 'none'} is served, the current one is ${current}`,
      fix: 'It is being loaded: wait a moment.',
    };
  return good(check, `number ${current} is served`);
}

/** Generation 0 has no rows: what is served before the first is published. */
export function isNone(number: number | null): boolean {
  return number === null || number === 0;
}

function partitions({ partitions: all }: Seen['status']): Finding {
  const check = 'Partitions';
  const unknown = all.filter((one) => one.behind === null).length;
  const behind = all.filter((one) => one.behind === true);
  if (unknown > 0)
    return {
      check,
      is: 'bad',
      detail: `of ${unknown} of ${all.length} it is not known how far they are`,
      fix: 'See whether the log answers, and whether speed workers run.',
    };
  if (behind.length === 0) return good(check, `all ${all.length} are up to date`);
  const oldestMs = Math.max(...behind.map(({ lagMs }) => lagMs ?? 0));
  return {
    check,
    is: 'late',
    detail: `${behind.length} of ${all.length} are behind, log time is up to ${duration(oldestMs)} old`,
    fix: 'A moment of this is usual. If it grows, start more speed workers, or see the log of those that run.',
  };
}

function runs(schedules: NonNullable<Seen['schedules']>, lastRunAtMs: number, nowMs: number): Finding {
  const check = 'Schedules';
  const due = schedules.filter(({ paused }) => !paused);
  if (schedules.length === 0) return good(check, 'none: runs begin on demand alone');
  if (due.length === 0)
    return {
      check,
      is: 'late',
      detail: 'all are paused: no run begins by itself',
      fix: 'Resume one: tributary schedules resume NAME.',
    };
  const late = due.find((one) => scheduleOverdueMs(one, lastRunAtMs, nowMs) > 0);
  if (late === undefined)
    return good(check, `the next run is due ${instant(Math.min(...due.map(({ next }) => next[0] ?? nowMs)))} UTC`);
  const last = late.lastDoneAt === null ? 'none of its runs has ended yet' : `the last one ended ${instant(late.lastDoneAt)} UTC`;
  return {
    check,
    is: 'bad',
    detail: `a run of ${late.name} is overdue: ${last}`,
    fix: 'See Runs on the page Operations, and whether the recompute role runs.',
  };
}

function collectors({ collectors: all }: NonNullable<Seen['rejections']>): Finding {
  const check = 'Collectors';
  const silent = all.filter(({ problem }) => problem !== null);
  if (all.length === 0)
    return {
      check,
      is: 'unknown',
      detail: 'the API knows of none',
      fix: 'Name them in TRIBUTARY_API_COLLECTORS to see what they reject.',
    };
  if (silent.length === 0) return good(check, all.length === 1 ? 'it answers' : `all ${count(all.length)} answer`);
  return {
    check,
    is: 'bad',
    detail: `${silent.length} of ${all.length} do not answer: ${silent[0]?.collector}`,
    fix: 'See whether it runs, and whether this API reaches it.',
  };
}

function engines(all: NonNullable<Seen['reconciliations']>): Finding {
  const check = 'Both engines';
  const newest = all[0]?.reconciliation;
  if (newest === undefined) return good(check, 'no generation was compared yet');
  const { generation: number, failure, engineDefectRows: defects } = newest;
  if (failure !== undefined)
    return {
      check,
      is: 'late',
      detail: `generation ${number} was not compared: ${failure}`,
      fix: 'The next run compares again.',
    };
  if (typeof defects === 'number' && defects > 0)
    return {
      check,
      is: 'bad',
      detail: `${count(defects)} rows of generation ${number} differ for no known reason`,
      fix: 'It is a defect of the platform. Report it with the answer of /v1/reconciliations.',
    };
  return good(
    check,
    newest.equal
      ? `generation ${number}: real time was equal to the integer`
      : `generation ${number}: each difference has a known reason`,
  );
}

/** The worst first. */
const OF_STATES = {
  STANDS_STILL: ['bad', 'See whether its program runs and reports. If it is given up: tributary computations remove NAME.'],
  BEHIND: ['late', 'If it grows, its program is too slow for what comes.'],
  NOT_STARTED: ['late', 'Start its program.'],
  RUNNING: ['unknown', 'See whether the output log answers: what it reported may be of another one.'],
} as const satisfies Record<string, readonly [Finding['is'], string]>;

function computations({ computations: all }: Seen['status'], nowMs: number): Finding {
  const check = 'Computations';
  if (all === null)
    return {
      check,
      is: 'unknown',
      detail: 'it is not known how far they are',
      fix: 'See the log of the API: Redis or the data folder does not answer.',
    };
  const said = all.flatMap((one) => {
    const trouble = troubleOf(one, nowMs);
    return trouble === null ? [] : [{ state: one.state, trouble }];
  });
  const order = Object.keys(OF_STATES);
  const [worst] = said.toSorted((a, b) => order.indexOf(a.state) - order.indexOf(b.state));
  if (worst === undefined)
    return good(check, all.length === 0 ? 'none is registered' : all.length === 1 ? 'it runs' : `all ${all.length} run`);
  const others = said.length === 1 ? '' : `; ${said.length - 1} more ${said.length === 2 ? 'needs' : 'need'} a look`;
  const [is, fix] = OF_STATES[worst.state];
  return { check, is, detail: `${worst.trouble}${others}`, fix };
}

function definitions({ definitionsInForce }: Seen['status']): Finding {
  const check = 'Definitions';
  const differs = definitionsInForce?.fileDiffers ?? [];
  if (differs.length === 0) return good(check, 'no file says otherwise');
  return {
    check,
    is: 'late',
    detail: `the file says otherwise in ${differs.join(', ')}`,
    fix: 'A run with --definitions brings it into force: tributary batch run --definitions FILE.',
  };
}

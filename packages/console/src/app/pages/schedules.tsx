/** When runs of the batch layer begin by themselves. */
import type { Answer } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { duration, instant, NONE } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';

type Schedule = Answer<'schedules'>['schedules'][number];

const EVERY_MS = 10_000;

export function Schedules() {
  const schedules = useAnswer('schedules', {}, EVERY_MS);
  return (
    <WhenAnswered of={schedules}>
      {({ schedules: all }) => (
        <Panel
          title="Schedules"
          about="When runs begin by themselves. Setting, pausing and removing one is for the command line: tributary schedules."
          question={addressOfQuestion('schedules', {})}
          csv={() => csvOf(COLUMNS, all)}
        >
          {all.length === 0 ? (
            <Empty title="No run begins by itself">
              Set one: <code>tributary schedules set nightly --cron "30 3 * * *"</code>
            </Empty>
          ) : (
            <Table caption="Schedules" columns={COLUMNS} rows={all} keyOf={({ name }) => name} />
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

function whenOf({ everyMs, cron }: Schedule): string {
  return everyMs === null ? (cron ?? NONE) : `each ${duration(everyMs)}`;
}

function promotes(promote: Schedule['promote']): string {
  if (promote === 'auto') return 'readers get it at once';
  if (promote === 'ask') return 'staged, and asks';
  return `at once below ${promote.below * 100} % moved, else staged`;
}

const COLUMNS: readonly Column<Schedule>[] = [
  { head: 'Name', cell: ({ name }) => <Name text={name} />, raw: ({ name }) => name },
  {
    head: 'When',
    cell: (schedule) => (
      <>
        {schedule.everyMs === null ? <code>{whenOf(schedule)}</code> : whenOf(schedule)}
        {schedule.cron !== null && <span class="small">{schedule.timeZone}</span>}
      </>
    ),
    raw: whenOf,
  },
  {
    head: 'Next, UTC',
    cell: ({ paused, next }) =>
      paused ? <span class="badge is-plain">paused</span> : <span class="nowrap">{instant(next[0])}</span>,
    raw: ({ next: [first] }) => (first === undefined ? null : new Date(first).toISOString()),
  },
  {
    head: 'Last ended well, UTC',
    cell: ({ lastDoneAt }) => <span class="nowrap">{instant(lastDoneAt)}</span>,
    raw: ({ lastDoneAt }) => (lastDoneAt === null ? null : new Date(lastDoneAt).toISOString()),
  },
  { head: 'Computes', cell: ({ mode }) => (mode === 'full' ? 'all' : 'what is new'), raw: ({ mode }) => mode },
  { head: 'Then', cell: ({ promote }) => promotes(promote), raw: ({ promote }) => JSON.stringify(promote) },
  { head: 'Set by', cell: ({ by }) => <Name text={by} />, raw: ({ by }) => by },
];

/** When runs of the batch layer begin by themselves. */
import { Empty, NotLoaded, WhenAnswered } from '../parts/answered.tsx';
import { csvOf, type RawColumn } from '../parts/csv.ts';
import { instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { useLater } from '../state/later.ts';
import type { Place } from '../state/place.ts';
import { useIsAdmin } from '../state/session.ts';
import { isAsked } from './generation-actions.ts';
import type { PageProps } from './page-props.ts';
import {
  actionsOnSchedule,
  computes,
  promotes,
  type Schedule,
  type ScheduleProps,
  scheduleAddress,
  WHAT,
  WORDS,
  whenOf,
} from './schedule-texts.ts';

const EVERY_MS = 10_000;

export function Schedules({ place }: PageProps) {
  const isAdmin = useIsAdmin();
  const schedules = useAnswer('schedules', {}, EVERY_MS);
  return (
    <WhenAnswered of={schedules}>
      {({ schedules: all }) => (
        <>
          {isAdmin && isAsked(place, WHAT) && (
            <Changing key={`${place.query.get('do')} ${place.query.get('schedule')}`} place={place} schedules={all} />
          )}
          <Panel
            title="Schedules"
            about="When runs begin by themselves."
            question={addressOfQuestion('schedules', {})}
            csv={() => csvOf([...COLUMNS, ...BESIDE], all)}
            tools={isAdmin && <a href={scheduleAddress(place, 'set')}>Set a schedule</a>}
          >
            {all.length === 0 ? (
              <Empty title="No run begins by itself">
                Set one: <code>tributary schedules set nightly --cron "30 3 * * *"</code>
              </Empty>
            ) : (
              <Table
                caption="Schedules"
                columns={isAdmin ? [...COLUMNS, changesOf(place)] : COLUMNS}
                rows={all}
                keyOf={({ name }) => name}
              />
            )}
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

function Changing(props: ScheduleProps) {
  const later = useLater(() => import('./later.ts'));
  return later ? <later.ScheduleActionPanel {...props} /> : <NotLoaded of={later} />;
}

const COLUMNS: readonly Column<Schedule>[] = [
  {
    head: 'Name',
    cell: ({ name, by }) => (
      <>
        <Name text={name} />
        <span class="small">
          by <Name text={by} />
        </span>
      </>
    ),
    raw: ({ name }) => name,
  },
  {
    head: 'When',
    cell: (schedule) => (
      <>
        {schedule.everyMs === null ? <code>{whenOf(schedule)}</code> : <span class="nowrap">{whenOf(schedule)}</span>}
        {schedule.cron !== null && <span class="small">{schedule.timeZone}</span>}
      </>
    ),
    raw: whenOf,
  },
  {
    head: 'Next, UTC',
    isBeside: true,
    cell: ({ paused, next, lastDoneAt }) => (
      <>
        {paused ? <span class="badge is-plain">paused</span> : <span class="nowrap">{instant(next[0])}</span>}
        <span class="small">{lastDoneAt === null ? 'none has ended well' : `the last one ended ${instant(lastDoneAt)}`}</span>
      </>
    ),
    raw: ({ next: [first] }) => (first === undefined ? null : new Date(first).toISOString()),
  },
  {
    head: 'Computes',
    isBeside: true,
    cell: ({ mode, promote }) => (
      <>
        {computes(mode)}
        <span class="small">then {promotes(promote)}</span>
      </>
    ),
    raw: ({ mode }) => mode,
  },
];

/** In the file alone: on the page they stand below other cells. */
const BESIDE: readonly RawColumn<Schedule>[] = [
  { head: 'Last ended well, UTC', raw: ({ lastDoneAt }) => (lastDoneAt === null ? null : new Date(lastDoneAt).toISOString()) },
  { head: 'Then', raw: ({ promote }) => JSON.stringify(promote) },
  { head: 'Set by', raw: ({ by }) => by },
];

function changesOf(place: Place): Column<Schedule> {
  return {
    head: 'Change',
    cell: (schedule) => (
      <span class="actions">
        {actionsOnSchedule(schedule).map((what) => (
          <a key={what} href={scheduleAddress(place, what, schedule.name)}>
            {WORDS[what]}
          </a>
        ))}
      </span>
    ),
  };
}

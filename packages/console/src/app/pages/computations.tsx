/** Programs beside the platform that write what they compute back as events: how far each is. */
import type { Answer } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { duration, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';

type Computation = Answer<'computations'>['computations'][number];

const EVERY_MS = 5_000;

export function ComputationsPanel() {
  const asked = useAnswer('computations', {}, EVERY_MS);
  return (
    <WhenAnswered of={asked}>
      {({ computations: all }) => (
        <Panel
          title="Computations"
          about="Programs of your own that write what they find back as events. Values that read these events are as new as their program is."
          question={addressOfQuestion('computations', {})}
          csv={() => csvOf(COLUMNS, all)}
        >
          {all.length === 0 ? (
            <Empty title="None is registered">
              Register one, and its values say how far it is: <code>tributary computations register FILE</code>
            </Empty>
          ) : (
            <Table isWide caption="Computations" columns={COLUMNS} rows={all} keyOf={({ name }) => name} />
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

const STATES: Readonly<Record<Computation['state'], readonly [style: string, text: string]>> = {
  RUNNING: ['is-good', 'runs'],
  BEHIND: ['is-late', 'behind'],
  STANDS_STILL: ['is-bad', 'stands still'],
  NOT_STARTED: ['is-unknown', 'not started yet'],
};

/** How long the oldest line has waited for it. */
function waits({ lagMs }: Computation): string {
  if (lagMs === null) return 'not known';
  return lagMs === 0 ? 'none' : duration(lagMs);
}

const COLUMNS: readonly Column<Computation>[] = [
  {
    head: 'Name',
    cell: ({ name, version }) => (
      <>
        <Name text={name} />
        <span class="small">
          version <Name text={version} />
        </span>
      </>
    ),
    raw: ({ name }) => name,
  },
  {
    head: 'State',
    cell: ({ state }) => <span class={`state ${STATES[state][0]}`}>{STATES[state][1]}</span>,
    raw: ({ state }) => state,
  },
  { head: 'A line waits', fileHead: 'lagMs', isFigure: true, cell: waits, raw: ({ lagMs }) => lagMs },
  {
    head: 'Reported, UTC',
    isBeside: true,
    cell: ({ reportedAt, mostLagMs }) => (
      <>
        <span class="nowrap">{reportedAt === null ? 'never' : instant(reportedAt)}</span>
        <span class="small nowrap">at least every {duration(mostLagMs)}</span>
      </>
    ),
    raw: ({ reportedAt }) => (reportedAt === null ? null : new Date(reportedAt).toISOString()),
  },
  {
    head: 'Writes',
    isBeside: true,
    cell: ({ writes: { fields } }) => <Name text={fields.join(', ')} most={80} />,
    raw: ({ writes: { fields } }) => fields.join(' '),
  },
  { head: 'Registered by', isBeside: true, cell: ({ by }) => <Name text={by} />, raw: ({ by }) => by },
];

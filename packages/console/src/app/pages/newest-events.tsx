/** What came in since the page is seen: a sample, so that somebody sees whether what they send arrives. */
import { Empty } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { clock, instant } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion } from '../state/answers.ts';
import { addressOf } from '../state/place.ts';
import type { Arrivals } from '../state/stream.ts';
import { dayOf } from '../state/window.ts';

type NewestEvent = NonNullable<Arrivals['newest']>[number];

export function NewestEvents({ of: events }: { readonly of: Arrivals['newest'] }) {
  return (
    <Panel
      title="Newest events"
      about="A sample of what has come while somebody watches, as it came. Whether it counts, the reports say."
      question={addressOfQuestion('stream', {})}
      csv={() => csvOf(COLUMNS, events ?? [])}
    >
      {events === null ? (
        <Empty title="They are not known just now">The log does not answer, or not who is erased.</Empty>
      ) : events.length === 0 ? (
        <Empty title="None since you watch">The next one shows here within a second.</Empty>
      ) : (
        <Table caption="Newest events" columns={COLUMNS} rows={events} keyOf={({ id, user }) => JSON.stringify([user, id])} />
      )}
    </Panel>
  );
}

const COLUMNS: readonly Column<NewestEvent>[] = [
  { head: 'Type', cell: ({ type }) => <Name text={type} />, raw: ({ type }) => type },
  {
    head: 'User',
    cell: ({ user }) => (
      <a href={addressOf('user', { id: user })}>
        <Name text={user} most={40} />
      </a>
    ),
    raw: ({ user }) => user,
  },
  {
    head: 'Happened, UTC',
    cell: ({ ts }) => <span class="nowrap">{dayOf(ts) === dayOf(Date.now()) ? clock(ts) : instant(ts)}</span>,
    raw: ({ ts }) => new Date(ts).toISOString(),
  },
  { head: 'From', isBeside: true, cell: ({ source }) => <Name text={source} most={40} />, raw: ({ source }) => source },
];

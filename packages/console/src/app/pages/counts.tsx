/** What definitions count over all users: the values with the most events, and what all others come to. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, percent } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { choiceWithoutMoney, ReportControls, rangeIn } from '../parts/report-controls.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressWith, type Place } from '../state/place.ts';

type Defined = Answer<'listCounts'>['counts'][number];
type Top = Answer<'topCounted'>;
type Counted = Top['rows'][number];
/** `part`: of all events that count; null: there are none. */
type Shown = Counted & { readonly part: number | null };

const MOST_VALUES = 50;

interface CountsProps {
  readonly counts: readonly Defined[];
  readonly place: Place;
}

export function CountsPanel({ counts, place }: CountsProps) {
  if (counts.length === 0) return null;
  const columns = columnsFor(place);
  return (
    <Panel
      title="Counts over all users"
      about="How many events there were with each value of a field. Choose one to see the values with the most."
      question={addressOfQuestion('listCounts', {})}
      csv={() => csvOf(columns, counts)}
    >
      <Table caption="Counts over all users" columns={columns} rows={counts} keyOf={(one) => one.name} />
    </Panel>
  );
}

function columnsFor(place: Place): readonly Column<Defined>[] {
  return [
    {
      head: 'Name',
      cell: ({ name }) => (
        <a href={addressWith(place, { count: name, name: null, cursor: null })}>
          <Name text={name} />
        </a>
      ),
      raw: ({ name }) => name,
    },
    { head: 'Says', cell: ({ says }) => <bdi class="sentence">{says}</bdi>, raw: ({ says }) => says },
    { head: 'Version', isBeside: true, cell: ({ version }) => <code>{version}</code>, raw: ({ version }) => version },
  ];
}

interface ValuesProps extends CountsProps {
  readonly name: string;
}

export function ValuesPanel({ name, counts, place }: ValuesProps) {
  const says = counts.find((one) => one.name === name)?.says;
  const choice = choiceWithoutMoney(place);
  const asked: Asked<'topCounted'> = { name, limit: MOST_VALUES, ...rangeIn(choice) };
  const answered = useAnswer('topCounted', asked);
  const tools = (
    <>
      <ReportControls choice={choice} currencies={[]} />
      <a href={addressWith(place, { count: null })}>Close</a>
    </>
  );
  return (
    <WhenAnswered of={answered}>
      {(top) => (
        <Panel
          title={`${name}: the values with the most events`}
          about={says}
          question={addressOfQuestion('topCounted', asked)}
          tools={tools}
          csv={() => csvOf(VALUE_COLUMNS, shownOf(top))}
        >
          <Seam meta={top.meta} />
          {top.status !== 'READY' ? (
            <Empty title="It is not counted yet">
              The count is new, and the generation that readers get was computed before it. The next run of the batch layer counts
              all events that are archived.
            </Empty>
          ) : top.total === 0 || top.total === 0n ? (
            <Empty title="No event counts on these days" />
          ) : (
            <>
              <Table
                caption="Values with the most events"
                columns={VALUE_COLUMNS}
                rows={shownOf(top)}
                keyOf={({ value }) => value}
                foot={['All events that count', count(top.total), '', '']}
              />
              <Others of={top} />
            </>
          )}
        </Panel>
      )}
    </WhenAnswered>
  );
}

function shownOf({ rows, total }: Top): readonly Shown[] {
  const all = Number(total ?? 0);
  return rows.map((row) => ({ ...row, part: all === 0 ? null : Number(row.events) / all }));
}

function Others({ of: { rest, withoutValue, unnamed } }: { readonly of: Top }) {
  const others = [
    ...(rest === null || rest.values === 0 ? [] : [`${count(rest.events)} with one of ${count(rest.values)} other values`]),
    ...(Number(withoutValue) === 0 ? [] : [`${count(withoutValue)} without a value`]),
    ...(Number(unnamed) === 0 ? [] : [`${count(unnamed)} with a value that reads (other)`]),
  ];
  return others.length === 0 ? null : <p class="small">Besides: {others.join(', ')}.</p>;
}

const VALUE_COLUMNS: readonly Column<Shown>[] = [
  { head: 'Value', cell: ({ value }) => <Name text={value} most={60} />, raw: ({ value }) => value },
  { head: 'Events', isFigure: true, cell: ({ events }) => count(events), raw: ({ events }) => events },
  {
    head: 'Share',
    fileHead: 'share',
    isFigure: true,
    cell: ({ part }) => (
      <>
        <span class="part-bar" aria-hidden="true">
          <i style={{ width: `${(part ?? 0) * 100}%` }} />
        </span>
        {percent(part)}
      </>
    ),
    raw: ({ part }) => part,
  },
  {
    head: 'Last day',
    isBeside: true,
    fileHead: 'lastDay',
    cell: ({ lastDay }) => <span class="nowrap">{lastDay}</span>,
    raw: ({ lastDay }) => lastDay,
  },
];

/** What comes in just now: counted events from moment to moment, and how far each partition is. */
import { useEffect, useState } from 'preact/hooks';
import { type ColumnOf, Columns } from '../charts/columns.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { csvOf } from '../parts/csv.ts';
import { count, duration, parts } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion } from '../state/answers.ts';
import { type Arrivals, useArrivals } from '../state/stream.ts';
import { NewestEvents } from './newest-events.tsx';
import { addSample, MOST_SAMPLES, type Sample, speedOf } from './rates.ts';
import { RejectedLately } from './rejected-lately.tsx';

type Partition = Arrivals['partitions'][number];

export function LivePage() {
  const moments = useArrivals();
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const { answer } = moments;
  useEffect(() => {
    if (answer !== undefined) setSamples((before) => addSample(before, sampleOf(answer)));
  }, [answer]);
  return (
    <WhenAnswered<'stream'> of={moments}>
      {({ meta, types, otherTypes, newest, partitions, since }) => (
        <>
          <Seam meta={meta} />
          <Arriving samples={samples} types={types.toSorted(byEvents)} since={since} isStreamed={moments.isStreamed} />
          {otherTypes.types > 0 && (
            <p class="small">
              {count(otherTypes.types)} more types, {count(otherTypes.events)} events, are in the sums alone.
            </p>
          )}
          <NewestEvents of={newest} />
          <div class="two">
            <RejectedLately />
            <Lag partitions={partitions} />
          </div>
        </>
      )}
    </WhenAnswered>
  );
}

function sampleOf({ types, otherTypes }: Arrivals): Sample {
  const events = new Map(types.map((one) => [one.type, Number(one.events)]));
  return { atMs: performance.now(), events: otherTypes.types === 0 ? events : events.set(OTHERS, Number(otherTypes.events)) };
}

function byEvents(a: Arrivals['types'][number], b: Arrivals['types'][number]): number {
  return Number(b.events) - Number(a.events);
}

/** No type that an event can have: those have a character at least. */
const OTHERS = '';
const QUESTION = addressOfQuestion('stream', {});

interface ArrivingProps extends Pick<Arrivals, 'types' | 'since'> {
  readonly samples: readonly Sample[];
  readonly isStreamed: boolean;
}

/** Rates of single types are of the last few seconds together, so that they do not jump. */
const SMOOTH = 6;

function Arriving({ samples, types, since, isStreamed }: ArrivingProps) {
  const newest = samples.at(-1);
  const speeds = samples.slice(1).map((sample, i) => ({ sample, perSecond: speedOf(samples[i] as Sample, sample) }));
  const earlier = samples.at(-SMOOTH) ?? samples[0];
  const rateOf = (type: string) =>
    newest === undefined || earlier === undefined || newest === earlier ? null : speedOf(earlier, newest, type);
  const columns: Column<Arrivals['types'][number]>[] = [
    { head: 'Type', cell: ({ type }) => <Name text={type} />, raw: ({ type }) => type },
    { head: 'A second', isFigure: true, cell: ({ type }) => parts(rateOf(type)), raw: ({ type }) => rateOf(type) },
    {
      head: 'Since yesterday',
      fileHead: `events since ${since}`,
      isFigure: true,
      cell: ({ events }) => count(events),
      raw: ({ events }) => events,
    },
  ];
  return (
    <Panel
      title="Events a second"
      about={`Distinct events that count, from one moment to the next, ${isStreamed ? 'each second' : 'every two seconds'} while this page is seen.`}
      question={QUESTION}
      csv={() => csvOf(columns, types)}
    >
      {types.length === 0 ? (
        <Empty title="No event since yesterday">
          Send one: <code>npx tributary events send --type page --user ada</code>
        </Empty>
      ) : (
        <>
          {speeds.length === 0 ? (
            <p class="columns is-waiting">Watching: the first figure comes in a second.</p>
          ) : (
            <Columns
              isLive
              title="Events a second"
              format={(value) => parts(value)}
              columns={[...padding(speeds.length), ...columnsOf(speeds)]}
            />
          )}
          <Table caption="Events by type" columns={columns} rows={types} keyOf={({ type }) => type} />
        </>
      )}
    </Panel>
  );
}

interface Speed {
  readonly sample: Sample;
  readonly perSecond: number;
}

function columnsOf(speeds: readonly Speed[]): ColumnOf[] {
  const newestMs = speeds.at(-1)?.sample.atMs ?? 0;
  return speeds.map(({ sample, perSecond }) => {
    const ago = Math.round((newestMs - sample.atMs) / 1_000);
    const text = `${parts(perSecond)} events a second`;
    return { key: String(sample.atMs), label: ago === 0 ? 'now' : `−${ago} s`, value: perSecond, text };
  });
}

/** Empty places to the left, so that columns keep their width while they come in. */
function padding(many: number): ColumnOf[] {
  return Array.from({ length: Math.max(0, MOST_SAMPLES - 1 - many) }, (_, i) => ({
    key: `empty ${i}`,
    label: '',
    value: 0,
    text: '',
  }));
}

const PLAIN_MS = 10_000;

function Lag({ partitions }: { readonly partitions: readonly Partition[] }) {
  return (
    <Panel
      title="Age of log time by partition"
      about="Heartbeats move it where a partition idles, so a few seconds are usual."
      question={QUESTION}
      csv={() => csvOf(LAG, partitions)}
    >
      <ul class="lag">
        {partitions.map(({ partition, lagMs }) => (
          <li key={partition} class={lagMs !== null && lagMs > LATE_MS ? 'is-late' : undefined}>
            <span class="small">{partition}</span>
            <span class="lag-bar" aria-hidden="true">
              <i style={{ width: `${Math.min(100, ((lagMs ?? 0) / PLAIN_MS) * 100)}%` }} />
            </span>
            <span class="small">{duration(lagMs)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** Longer than a partition without events goes without a heartbeat. */
const LATE_MS = 60_000;
const LAG = [
  { head: 'partition', raw: ({ partition }: Partition) => partition },
  { head: 'lagMs', raw: ({ lagMs }: Partition) => lagMs },
];

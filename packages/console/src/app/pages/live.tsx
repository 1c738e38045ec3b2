/** What comes in just now: counted events from poll to poll, and how far each partition is. */
import type { Answer } from '@tributary/client/operations';
import { useEffect, useState } from 'preact/hooks';
import { type ColumnOf, Columns } from '../charts/columns.tsx';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { count, duration, NONE, parts } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { Panel } from '../parts/panel.tsx';
import { Seam } from '../parts/seam.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { dayOf } from '../state/window.ts';
import { addSample, MOST_SAMPLES, type Sample, speedOf } from './rates.ts';

type Activity = Answer<'activity'>;
type Partition = Answer<'status'>['partitions'][number];

const EVERY_MS = 2_000;
const DAY_MS = 86_400_000;

export function LivePage() {
  // From yesterday on, so that no count begins again at midnight.
  const asked = { by: ['type' as const], from: dayOf(Date.now() - DAY_MS) };
  const activity = useAnswer('activity', asked, EVERY_MS);
  const status = useAnswer('status', {}, EVERY_MS);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  const { answer } = activity;
  useEffect(() => {
    if (answer !== undefined) setSamples((before) => addSample(before, sampleOf(answer)));
  }, [answer]);
  return (
    <>
      <WhenAnswered of={activity}>
        {({ meta, rows }) => (
          <>
            <Seam meta={meta} />
            <Arriving
              samples={samples}
              types={rows.map(({ type }) => String(type))}
              question={addressOfQuestion('activity', asked)}
            />
          </>
        )}
      </WhenAnswered>
      <WhenAnswered of={status}>{({ partitions }) => <Lag partitions={partitions} />}</WhenAnswered>
    </>
  );
}

function sampleOf({ rows }: Activity): Sample {
  return { atMs: performance.now(), events: new Map(rows.map(({ type, events }) => [String(type), Number(events)])) };
}

interface ArrivingProps {
  readonly samples: readonly Sample[];
  readonly types: readonly string[];
  readonly question: string;
}

function Arriving({ samples, types, question }: ArrivingProps) {
  const newest = samples.at(-1);
  const speeds = samples.slice(1).map((sample, i) => ({ sample, perSecond: speedOf(samples[i] as Sample, sample) }));
  const earlier = samples.at(-6) ?? samples[0];
  const columns: Column<string>[] = [
    { head: 'Type', cell: (type) => <Name text={type} /> },
    {
      head: 'A second',
      isFigure: true,
      cell: (type) =>
        newest === undefined || earlier === undefined || newest === earlier ? NONE : parts(speedOf(earlier, newest, type)),
    },
    { head: 'Since yesterday', isFigure: true, cell: (type) => count(newest?.events.get(type)) },
  ];
  return (
    <Panel
      title="Events a second"
      about="Distinct events that count, from one look to the next, every two seconds while this page is seen."
      question={question}
    >
      {types.length === 0 ? (
        <Empty title="No event since yesterday">
          Send one: <code>npx tributary events send --type page --user ada</code>
        </Empty>
      ) : (
        <>
          {speeds.length === 0 ? (
            <p class="columns is-waiting">Watching: the first figure comes in two seconds.</p>
          ) : (
            <Columns
              isLive
              title="Events a second"
              format={(value) => parts(value)}
              columns={[...padding(speeds.length), ...columnsOf(speeds)]}
            />
          )}
          <Table caption="Events by type" columns={columns} rows={types} keyOf={(type) => type} />
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
      question={addressOfQuestion('status', {})}
    >
      <ul class="lag">
        {partitions.map(({ partition, lagMs, behind }) => (
          <li key={partition} class={behind === true ? 'is-late' : undefined}>
            <span class="small">{partition}</span>
            <span class="lag-bar" aria-hidden="true">
              <i style={{ width: `${Math.min(100, ((lagMs ?? 0) / PLAIN_MS) * 100)}%` }} />
            </span>
            <span class="small">
              {duration(lagMs)}
              {behind === true && ', behind'}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

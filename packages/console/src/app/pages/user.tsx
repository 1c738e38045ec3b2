/** One user: their journeys, their newest events, and what definitions say of them. */
import type { Answer, Asked } from '@tributary/client/operations';
import { Empty, WhenAnswered } from '../parts/answered.tsx';
import { Ask, Controls } from '../parts/controls.tsx';
import { csvOf } from '../parts/csv.ts';
import { useFigureTexts } from '../parts/figure-text.ts';
import { clock, duration, instant, money } from '../parts/format.ts';
import { Name } from '../parts/name.tsx';
import { cursorIn, Pager } from '../parts/pager.tsx';
import { Panel } from '../parts/panel.tsx';
import { Missing } from '../parts/seam.tsx';
import { Table } from '../parts/table.tsx';
import { valueColumns } from '../parts/value-columns.tsx';
import { addressOfQuestion, useAnswer } from '../state/answers.ts';
import { addressOf, go, type Place } from '../state/place.ts';
import { dayOf } from '../state/window.ts';
import type { PageProps } from './page-props.ts';

type Signal = Answer<'userSignals'>['signals'][number];
type Journey = Answer<'userJourney'>['journeys'][number];

const PAGE_EVENTS = 50;
const EVERY_MS = 5_000;

export function UserPage({ place }: PageProps) {
  const id = place.query.get('id');
  return (
    <>
      <Controls>
        <Ask
          name="User"
          value={id ?? ''}
          placeholder="userId, or anonymousId"
          button="Show"
          ask={(text) => go(addressOf('user', { id: text }))}
        />
      </Controls>
      {id === null ? (
        <Panel title="No user is chosen">
          <Empty title="Which one?">
            Type an id as events have it, or follow a user of <a href={addressOf('conversions')}>the conversions</a>.
          </Empty>
        </Panel>
      ) : (
        <>
          <Journeys id={id} />
          <Values id={id} />
          <Events id={id} place={place} />
        </>
      )}
    </>
  );
}

function Journeys({ id }: { readonly id: string }) {
  const journeys = useAnswer('userJourney', { id }, EVERY_MS);
  return (
    <WhenAnswered of={journeys}>
      {({ journeys: all, status, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="Journeys"
            about="Touches up to a conversion, or up to a pause longer than the lookback. Newest first."
            question={addressOfQuestion('userJourney', { id })}
            csv={() => csvOf(STEPS, stepsOf(all))}
          >
            {all.length === 0 ? (
              <Empty title={status === 'NOT_FOUND' ? 'No event of this user is stored' : 'No touch and no conversion yet'}>
                {status === 'NOT_FOUND' &&
                  'Ids are compared letter by letter; events older than the retention are gone from here.'}
              </Empty>
            ) : (
              <ol class="journeys">
                {[...all].reverse().map((journey) => (
                  <JourneyItem key={`${journey.from} ${journey.to}`} journey={journey} user={id} />
                ))}
              </ol>
            )}
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

interface Step {
  /** Counted from 1, the oldest first. */
  readonly journey: number;
  readonly status: string;
  readonly ts: number;
  readonly id: string;
  readonly type: string;
  readonly channel: string | null;
  readonly campaign: string | null;
}

function stepsOf(journeys: readonly Journey[]): readonly Step[] {
  return journeys.flatMap(({ status, touches, conversion }, i) => [
    ...touches.map(({ ts, id, type, channel, campaign }) => ({ journey: i + 1, status, ts, id, type, channel, campaign })),
    ...(conversion === null
      ? []
      : [{ journey: i + 1, status, ts: conversion.ts, id: conversion.id, type: conversion.type, channel: null, campaign: null }]),
  ]);
}

const STEPS = [
  { head: 'journey', raw: ({ journey }: Step) => journey },
  { head: 'status', raw: ({ status }: Step) => status },
  { head: 'ts', raw: ({ ts }: Step) => new Date(ts).toISOString() },
  { head: 'id', raw: ({ id }: Step) => id },
  { head: 'type', raw: ({ type }: Step) => type },
  { head: 'channel', raw: ({ channel }: Step) => channel },
  { head: 'campaign', raw: ({ campaign }: Step) => campaign },
];

const STATES: Readonly<Record<Journey['status'], readonly [string, string]>> = {
  converted: ['is-good', 'converted'],
  open: ['is-pending', 'still open'],
  null: ['is-plain', 'without a conversion'],
};
const MOST_TOUCHES = 12;

function JourneyItem({ journey, user }: { readonly journey: Journey; readonly user: string }) {
  const { status, touches, conversion, from, to } = journey;
  const [style, text] = STATES[status];
  const shown = touches.slice(-MOST_TOUCHES);
  return (
    <li>
      <p class="journey-head">
        <span class={`badge ${style}`}>{text}</span>
        <span>
          {instant(from)} UTC{to > from && <span class="small"> over {duration(to - from)}</span>}
        </span>
      </p>
      <ol class="steps">
        {touches.length > shown.length && <li>{touches.length - shown.length} earlier touches</li>}
        {shown.map(({ id, channel, campaign }) => (
          <li key={id}>
            <Name text={channel} most={40} />
            {campaign !== '(none)' && (
              <span class="small">
                {' '}
                <Name text={campaign} most={30} />
              </span>
            )}
          </li>
        ))}
        {conversion !== null && (
          <li>
            <a href={addressOf('conversion', { id: conversion.id, user })}>
              <Name text={conversion.type} most={30} /> {money(conversion.valueMinor, conversion.currency)}
            </a>
          </li>
        )}
      </ol>
    </li>
  );
}

function Values({ id }: { readonly id: string }) {
  const values = useAnswer('userValues', { id }, EVERY_MS);
  const figureOf = useFigureTexts(useAnswer('signalDefinitions', {}).answer?.definitions);
  const columns = valueColumns(figureOf, (name) => addressOf('signals', { name }));
  const rows = Object.entries(values.answer?.values ?? {});
  if (values.answer !== undefined && rows.length === 0) return null;
  return (
    <WhenAnswered of={values}>
      {({ asOf, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="Signals, sessions and segments"
            about={`What the definitions ask of this user, as of ${instant(asOf)} UTC.`}
            question={addressOfQuestion('userValues', { id })}
            csv={() => csvOf(columns, rows)}
          >
            <Table caption="Signals, sessions and segments" columns={columns} rows={rows} keyOf={([name]) => name} />
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

function Events({ id, place }: { readonly id: string; readonly place: Place }) {
  const asked: Asked<'userSignals'> = { id, limit: PAGE_EVENTS, ...cursorIn(place) };
  const events = useAnswer('userSignals', asked, place.query.get('cursor') === null ? EVERY_MS : 0);
  return (
    <WhenAnswered of={events}>
      {({ signals, nextCursor, meta }) => (
        <>
          <Missing of={meta} />
          <Panel
            title="Events"
            about="Newest first, as they were stored. Times are UTC."
            question={addressOfQuestion('userSignals', asked)}
            csv={() => csvOf(EVENTS, signals)}
            tools={<a href={addressOf('subjects', { user: id })}>Keys of this person</a>}
          >
            {signals.length === 0 ? (
              <Empty title="No event of this user is stored" />
            ) : (
              <ol class="timeline">
                {signals.map((signal, i) => (
                  <EventItem key={`${signal.ts} ${signal.id}`} signal={signal} before={signals[i - 1]} />
                ))}
              </ol>
            )}
            <Pager place={place} nextCursor={nextCursor} older="Older events" />
          </Panel>
        </>
      )}
    </WhenAnswered>
  );
}

const textOf = (name: string) => ({
  head: name,
  raw: (signal: Signal) => (signal as Readonly<Record<string, unknown>>)[name] ?? null,
});
const EVENTS = [
  { head: 'ts', raw: ({ ts }: Signal) => new Date(ts).toISOString() },
  ...['type', 'id', 'channel', 'campaign', 'page', 'element', 'value', 'currency', 'source'].map(textOf),
];

const SHOWN_FIELDS = ['channel', 'campaign', 'page', 'element'] as const;

function EventItem({ signal, before }: { readonly signal: Signal; readonly before: Signal | undefined }) {
  const day = dayOf(signal.ts);
  const { value, currency, receivedAt, historical } = signal as Readonly<Record<string, unknown>>;
  const lateMs = typeof receivedAt === 'number' && historical !== true ? receivedAt - signal.ts : 0;
  return (
    <>
      {(before === undefined || dayOf(before.ts) !== day) && <li class="timeline-day">{day}</li>}
      <li>
        <time dateTime={new Date(signal.ts).toISOString()}>{clock(signal.ts)}</time>
        <div>
          <b>
            <Name text={signal.type} most={60} />
          </b>
          {SHOWN_FIELDS.map((field) => {
            const text = (signal as Readonly<Record<string, unknown>>)[field];
            return typeof text === 'string' ? (
              <span key={field} class="field-of">
                <Name text={text} most={80} />
              </span>
            ) : null;
          })}
          {typeof value === 'number' && (
            <span class="field-of">{money(value, typeof currency === 'string' ? currency : null)}</span>
          )}
          {lateMs > LATE_MS && <span class="badge is-plain">came {duration(lateMs)} later</span>}
          <details>
            <summary>{signal.id.length > 40 ? `${signal.id.slice(0, 39)}…` : signal.id}</summary>
            <pre>{JSON.stringify(signal, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one), 2)}</pre>
          </details>
        </div>
      </li>
    </>
  );
}

const LATE_MS = 60_000;

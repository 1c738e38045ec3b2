/** What a signal, a session or a segment says of a user. */
import type { Answer } from '@tributary/client/operations';
import type { FigureText } from './figure-text.ts';
import { count, duration, instant, NONE } from './format.ts';
import { Name } from './name.tsx';

export type SignalValue = Answer<'userValues'>['values'][string];

const MOST_JSON = 400;

interface ValueProps {
  readonly value: SignalValue['value'];
  /** Absent: a figure stands as it is. */
  readonly figure?: FigureText | undefined;
}

export function ValueText({ value, figure }: ValueProps) {
  if (value === null) return <>{NONE}</>;
  if (figure !== undefined && (typeof value === 'number' || typeof value === 'bigint')) return <>{figure(value)}</>;
  if (typeof value !== 'object') return <Name text={String(value)} most={80} />;
  if ('member' in value && typeof value.member === 'boolean')
    return (
      <>
        {value.member ? 'member' : 'not a member'}
        {typeof value.since === 'number' && <span class="small">since {instant(value.since)} UTC</span>}
        {Array.isArray(value.episodes) && value.episodes.length > 0 && (
          <span class="small">{value.episodes.length === 1 ? 'once' : `${count(value.episodes.length)} times`} before</span>
        )}
      </>
    );
  if (isSessions(value)) return <Sessions of={value} />;
  if (isEvents(value)) return <Events of={value} />;
  return <code class="json">{jsonOf(value).slice(0, MOST_JSON)}</code>;
}

interface Session {
  readonly from: number;
  readonly durationMs: number;
  readonly events: number;
  readonly open: boolean;
  readonly entryPage: string | null;
  readonly exitPage: string | null;
  readonly channel: string | null;
}

/** Sessions of a user, the newest first; each has its first instant and how many events it holds. */
function isSessions(value: unknown): value is readonly Session[] {
  const isSession = (one: unknown) =>
    typeof one === 'object' && one !== null && ['from', 'durationMs', 'events'].every((name) => name in one);
  return Array.isArray(value) && value.length > 0 && value.every(isSession);
}

const MOST_SESSIONS = 5;

function Sessions({ of: sessions }: { readonly of: readonly Session[] }) {
  return (
    <ol class="sessions">
      {sessions.slice(0, MOST_SESSIONS).map(({ from, durationMs, events, open, entryPage, exitPage, channel }) => (
        <li key={from}>
          <span class="nowrap">{instant(from)}</span>{' '}
          <span class="small">
            {open ? 'still open' : duration(durationMs)}, {count(events)} {events === 1 ? 'event' : 'events'}
            {channel !== null && (
              <>
                , by <Name text={channel} most={40} />
              </>
            )}
            {entryPage !== null && (
              <>
                , from <Name text={entryPage} most={40} />
              </>
            )}
            {exitPage !== null && exitPage !== entryPage && (
              <>
                {' '}
                to <Name text={exitPage} most={40} />
              </>
            )}
          </span>
        </li>
      ))}
      {sessions.length > MOST_SESSIONS && <li class="small">and {sessions.length - MOST_SESSIONS} earlier; the CSV has all</li>}
    </ol>
  );
}

type EventOfList = Readonly<Record<string, unknown>> & { readonly ts: number };

/** Events that a signal keeps, the newest first; each has its instant and the fields that were asked for. */
function isEvents(value: unknown): value is readonly EventOfList[] {
  const isEvent = (one: unknown) => typeof one === 'object' && one !== null && 'ts' in one && typeof one.ts === 'number';
  return Array.isArray(value) && value.length > 0 && value.every(isEvent);
}

const MOST_EVENTS = 5;

function Events({ of: events }: { readonly of: readonly EventOfList[] }) {
  return (
    <ol class="sessions">
      {events.slice(0, MOST_EVENTS).map(({ ts, ...fields }, i) => (
        <li key={`${ts} ${i}`}>
          <span class="nowrap">{instant(ts)}</span>{' '}
          <span class="small">
            {Object.entries(fields).map(([name, field]) => (
              <span key={name} class="field-of">
                <Name text={name} most={40} /> <Name text={typeof field === 'string' ? field : jsonOf(field)} most={40} />{' '}
              </span>
            ))}
          </span>
        </li>
      ))}
      {events.length > MOST_EVENTS && <li class="small">and {events.length - MOST_EVENTS} earlier; the CSV has all</li>}
    </ol>
  );
}

/** Integers beyond 2^53 are bigints, which JSON does not know. */
function jsonOf(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)) ?? '';
}

/** For a file: a text, a figure, or JSON. */
export function rawOf(value: SignalValue['value']): unknown {
  return value !== null && typeof value === 'object' ? jsonOf(value) : value;
}

export function StateBadge({ status }: Pick<SignalValue, 'status'>) {
  return (
    <span class={`badge ${status === 'READY' ? 'is-good' : 'is-pending'}`}>{status.toLowerCase().replaceAll('_', ' ')}</span>
  );
}

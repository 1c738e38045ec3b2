/** What a signal, a session or a segment says of a user. */
import type { Answer } from '@tributary/client/operations';
import { instant, NONE } from './format.ts';
import { Name } from './name.tsx';

export type SignalValue = Answer<'userValues'>['values'][string];

const MOST_JSON = 400;

export function ValueText({ value }: { readonly value: SignalValue['value'] }) {
  if (value === null) return <>{NONE}</>;
  if (typeof value !== 'object') return <Name text={String(value)} most={80} />;
  if ('member' in value && typeof value.member === 'boolean')
    return (
      <>
        {value.member ? 'member' : 'not a member'}
        {typeof value.since === 'number' && <span class="small">since {instant(value.since)} UTC</span>}
      </>
    );
  return <code class="json">{jsonOf(value).slice(0, MOST_JSON)}</code>;
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

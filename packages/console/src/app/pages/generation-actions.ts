/** What may be done with a generation, and where its preview stands. */
import type { Answer } from '@tributary/client/operations';
import { addressWith, type Place } from '../state/place.ts';

type Generation = Answer<'generations'>['generations'][number];

export const WHAT = ['run', 'promote', 'discard', 'publish', 'rollback'] as const;
export type What = (typeof WHAT)[number];

export interface ActionProps {
  readonly place: Place;
  readonly generations: readonly Generation[];
  /** The generation that readers get; 0: none yet. */
  readonly served: number;
}

/** Whether the address asks for one of these actions. */
export function isAsked({ query }: Place, actions: readonly string[]): boolean {
  return actions.includes(query.get('do') ?? '');
}

/** The address of the preview of an action; null as `what` leaves it. */
export function actionAddress(place: Place, what: What | null, generation: number | null = null): string {
  return addressWith(place, {
    do: what,
    generation: generation === null ? null : String(generation),
    schedule: null,
    mode: null,
    promote: null,
    priority: null,
    run: null,
  });
}

/** What may be done with a generation, by its state and by which one readers get. */
export function actionsOn(
  { generation, state, current, staged, published }: Generation,
  served: number,
): readonly Exclude<What, 'run'>[] {
  if (current || state !== 'computed') return [];
  if (staged) return ['promote', 'discard'];
  return [generation < served && published ? 'rollback' : 'publish'];
}

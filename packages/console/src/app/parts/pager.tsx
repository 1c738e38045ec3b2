/** To the next page of a list, and back to its beginning; the place in the list is in the address. */
import { addressWith, type Place } from '../state/place.ts';

export function Pager({
  place,
  nextCursor,
  older,
  first = 'Back to the newest',
}: {
  readonly place: Place;
  readonly nextCursor: string | null;
  readonly older: string;
  readonly first?: string;
}) {
  const isFirst = place.query.get('cursor') === null;
  if (isFirst && nextCursor === null) return null;
  return (
    <nav class="pager" aria-label="Parts of the list">
      {!isFirst && <a href={addressWith(place, { cursor: null })}>{first}</a>}
      {nextCursor !== null && <a href={addressWith(place, { cursor: nextCursor })}>{older}</a>}
    </nav>
  );
}

export function cursorIn(place: Place): { readonly cursor?: string } {
  const cursor = place.query.get('cursor');
  return cursor === null ? {} : { cursor };
}

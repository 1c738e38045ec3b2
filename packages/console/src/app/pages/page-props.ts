/** What every page is given. */
import type { Place } from '../state/place.ts';

export interface PageProps {
  readonly place: Place;
}

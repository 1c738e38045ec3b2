/** The routes that take events, and how each reads its body. */
import { SEGMENT_TYPES, type SegmentType } from './segment.ts';

export type Route =
  | { readonly format: 'native' }
  | { readonly format: 'segment'; readonly type: SegmentType | undefined; readonly historical: boolean }
  | { readonly format: 'posthog' };

export const NATIVE: Route = { format: 'native' };
const BATCH: Route = { format: 'segment', type: undefined, historical: false };
const IMPORT: Route = { format: 'segment', type: undefined, historical: true };

function single(type: SegmentType): Route {
  return { format: 'segment', type, historical: false };
}

/** The short paths are those of Segment's browser library. */
export const ROUTES: Readonly<Record<string, Route>> = {
  '/v1/events': NATIVE,
  ...Object.fromEntries(SEGMENT_TYPES.map((type) => [`/v1/${type}`, single(type)])),
  '/v1/t': single('track'),
  '/v1/p': single('page'),
  '/v1/s': single('screen'),
  '/v1/i': single('identify'),
  '/v1/g': single('group'),
  '/v1/a': single('alias'),
  '/v1/batch': BATCH,
  '/v1/b': BATCH,
  '/v1/import': IMPORT,
  '/batch': { format: 'posthog' },
  '/batch/': { format: 'posthog' },
};

/** The route that `/v1/validate?as=track` checks for; undefined for an unknown name. */
export function routeNamed(name: string): Route | undefined {
  return Object.hasOwn(ROUTES, `/v1/${name}`) ? ROUTES[`/v1/${name}`] : undefined;
}

/** The routes that take events, and how each reads its body. */
import { SEGMENT_TYPES, type SegmentType } from './segment.ts';

/** Whether events are history: never, always, or where the key may send nothing else. */
export type History = 'never' | 'always' | 'by key';

export type Route =
  | { readonly format: 'native' }
  | {
      readonly format: 'segment';
      readonly type: SegmentType | undefined;
      readonly historical: History;
      /** `?writeKey=` takes the place of the header. */
      readonly keyInUrl?: true;
    }
  | { readonly format: 'posthog' }
  /** The tracker of pages. Its path is a setting. */
  | { readonly format: 'web' };

export const NATIVE: Route = { format: 'native' };
const BATCH: Route = { format: 'segment', type: undefined, historical: 'never' };
/** Where RudderStack's browser library sends what is left when a page goes: a beacon has no header for the key. */
const BEACON: Route = { ...BATCH, keyInUrl: true };
const POSTHOG: Route = { format: 'posthog' };
export const WEB: Route = { format: 'web' };
const IMPORT: Route = { format: 'segment', type: undefined, historical: 'always' };
/** Where Segment's library for Java sends what has just happened. */
const IMPORT_OF_JAVA: Route = { format: 'segment', type: undefined, historical: 'by key' };

export function single(type: SegmentType): Route {
  return { format: 'segment', type, historical: 'never' };
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
  '/v1/import/': IMPORT_OF_JAVA,
  '/beacon/v1/batch': BEACON,
  '/batch': POSTHOG,
  '/capture': POSTHOG,
  '/e': POSTHOG,
  '/i/v0/e': POSTHOG,
};

/** Paths mean the same with a slash at their end, but where the table has them so. */
export function withoutSlash(url: string): string {
  // The absolute form, which proxies get, has the path behind a host.
  if (!url.startsWith('/')) return url;
  const end = url.indexOf('?');
  const path = end < 0 ? url : url.slice(0, end);
  if (path.length < 2 || !path.endsWith('/') || Object.hasOwn(ROUTES, path)) return url;
  return path.slice(0, -1) + url.slice(path.length);
}

/** What `/v1/validate?as=track` checks for. */
const NAMED: ReadonlyMap<string, Route> = new Map([
  ...Object.entries(ROUTES).flatMap(([path, route]): [string, Route][] => {
    const name = /^\/v1\/(\w+)$/.exec(path)?.[1];
    return name === undefined ? [] : [[name, route]];
  }),
  ['posthog', POSTHOG],
  ['web', WEB],
]);
export const ROUTE_NAMES: readonly string[] = [...NAMED.keys()];

/** Undefined for an unknown name. */
export function routeNamed(name: string): Route | undefined {
  return NAMED.get(name);
}

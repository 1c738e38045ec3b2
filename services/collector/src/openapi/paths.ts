/** Every path that the collector answers on, but the probes and those that differ by a slash only. */
import { ROUTE_NAMES, ROUTES, type Route, WEB } from '../formats/routes.ts';
import { SEGMENT_TYPES } from '../formats/segment.ts';
import { type Json, ref } from './schemas.ts';

const OF_EVENTS = ['400', '401', '403', '408', '413', '429', '503'];

/** By default. */
const TRACKER_PATH = '/web';

/** Where a slash at the end means something. */
const SLASH: Readonly<Record<string, string>> = {
  '/v1/import': 'With a slash at its end (Segment for Java) the calls are history only where the key has the scope `import`.',
};

interface Operation {
  readonly id: string;
  readonly tag: 'events' | 'libraries' | 'operations';
  readonly summary: string;
  readonly more?: Json;
  readonly problems?: readonly string[];
}

const ANSWER: Json = { success: true, accepted: 1, rejected: [] };
const json = (schema: Json, example?: unknown): Json => ({
  'application/json': { schema, ...(example !== undefined && { example }) },
});
const ok = (description: string, content: Json): Json => ({ responses: { 200: { description, content } } });
const TAKEN = ok('What was taken, and what was rejected alone.', json(ref('Accepted'), ANSWER));
const KEY_IN_PATH: Json = {
  name: 'writeKey',
  in: 'path',
  required: true,
  schema: { type: 'string' },
  description: 'A key of the scope `browser`.',
};
const STRICT: Json = {
  name: 'X-Strict-Mode',
  in: 'header',
  schema: { type: 'string', enum: ['1'] },
  description: 'One rejection refuses the request whole.',
};

function operationOf({ id, tag, summary, more = {}, problems = OF_EVENTS }: Operation): Json {
  const refused = problems.map((status) => [status, { $ref: `#/components/responses/problem${status}` }]);
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...more,
    responses: { ...(more['responses'] as Json | undefined), ...Object.fromEntries(refused) },
  };
}

/** What a route of events reads, and an example of it. */
function bodyOf(path: string, route: Route): Json {
  const time = '2026-11-21T08:00:00Z';
  if (route.format === 'native') {
    const event = { type: 'ad_click', userId: 'u1', id: 'click-1', channel: 'paid-search', cost: 12, currency: 'EUR' };
    return {
      ...json(ref('NativeBody'), event),
      'application/x-ndjson': { schema: { type: 'string', description: 'One event a line.' } },
      'application/cloudevents+json': { schema: ref('CloudEvent') },
      'application/cloudevents-batch+json': { schema: ref('CloudEvents') },
    };
  }
  if (route.format === 'posthog')
    return json(ref('PosthogBody'), { event: 'signed_up', distinct_id: 'u1', uuid: 'e-1', timestamp: time, properties: {} });
  if (route.format === 'web') {
    const properties = { viewId: '0123456789abcdef0123456789abcdef', layout: 992, nav: 'load', vw: 1280, vh: 720, docH: 2400 };
    const view = { type: 'page', messageId: `${properties.viewId}.0`, anonymousId: 'v1', timestamp: time, properties };
    return json(ref('SegmentBatch'), { writeKey: 'tb_…', sentAt: time, batch: [view] });
  }
  const call = { userId: 'u1', messageId: 'm-1', timestamp: time };
  if (route.type !== undefined) return json(ref('SegmentCall'), route.type === 'track' ? { ...call, event: 'Signed Up' } : call);
  return json(ref('SegmentBatch'), {
    batch: [{ ...call, type: 'page' }],
    sentAt: time,
    ...(path.startsWith('/beacon') && { writeKey: 'tb_…' }),
  });
}

function summaryOf(path: string, route: Route): string {
  if (route.format === 'native') return 'Take native events or CloudEvents';
  if (route.format === 'posthog') return 'Take events in the format of PostHog';
  if (route.format === 'web') return 'Take what the tracker of pages sends; TRIBUTARY_TRACKER_PATH moves it';
  if (route.historical === 'always') return 'Take calls of Segment as history: their timestamps are authoritative';
  if (route.type !== undefined) return `Take one ${route.type} call of Segment`;
  return path.startsWith('/beacon') ? 'Take what a page sends as it goes' : 'Take a batch of calls of Segment';
}

function eventPaths(): Record<string, Json> {
  const paths = Object.entries({ ...ROUTES, [TRACKER_PATH]: WEB }).filter(([path]) => !path.endsWith('/'));
  return Object.fromEntries(
    paths.map(([path, route]) => {
      const inUrl = route.format === 'segment' && route.keyInUrl === true;
      const parameters = [STRICT, ...(inUrl ? [{ ...KEY_IN_PATH, in: 'query', required: false }] : [])];
      const description = SLASH[path];
      const more = {
        parameters,
        ...(description !== undefined && { description }),
        requestBody: { required: true, content: bodyOf(path, route) },
        ...TAKEN,
      };
      return [path, { post: operationOf({ id: idOf(path), tag: 'events', summary: summaryOf(path, route), more }) }];
    }),
  );
}

function pixelPaths(): Record<string, Json> {
  const picture = ok('A transparent picture: the event was taken.', {
    'image/gif': { schema: { type: 'string', format: 'binary' } },
  });
  const parameter = (name: string, description: string): Json => ({ name, in: 'query', schema: { type: 'string' }, description });
  const fields = [
    parameter('writeKey', 'A key of the scope `browser`.'),
    parameter('userId', 'And any other field of the call; `properties.list` is a field of `properties`.'),
  ];
  const data = [parameter('data', 'The call as JSON in base64, with its `writeKey`.')];
  const entry = (path: string, type: string, parameters: readonly Json[]) => [
    path,
    {
      get: operationOf({
        id: idOf(path),
        tag: 'events',
        summary: `Take one ${type} call in the URL of a picture`,
        more: { parameters, security: [], ...picture },
      }),
    },
  ];
  return Object.fromEntries(
    SEGMENT_TYPES.flatMap((type) => [entry(`/pixel/v1/${type}`, type, fields), entry(`/v1/pixel/${type}`, type, data)]),
  );
}

function libraryPaths(): Record<string, Json> {
  const settings = ok('Settings of the library.', json(ref('Settings')));
  const script = ok('A script.', { 'text/javascript': { schema: { type: 'string' } } });
  const withoutKey = (
    at: `${'GET' | 'POST'} ${string}`,
    summary: string,
    answer: Json,
    parameters: readonly Json[] = [],
    problems = ['503'],
  ) => {
    const [method = '', path = ''] = at.split(' ');
    return [
      path,
      {
        [method.toLowerCase()]: operationOf({
          id: idOf(path),
          tag: 'libraries',
          summary,
          more: { parameters, security: [], ...answer },
          problems: ['400', ...problems],
        }),
      },
    ];
  };
  const ofKey = (path: string, summary: string, answer: Json) =>
    withoutKey(`GET ${path}`, summary, answer, [KEY_IN_PATH], ['401', '503']);
  const file = { ...KEY_IN_PATH, name: 'file', description: 'A part of the library.' };
  return Object.fromEntries([
    ofKey('/v1/projects/{writeKey}/settings', "Where Segment's browser library sends to", settings),
    ofKey('/analytics.js/v1/{writeKey}/analytics.min.js', "Segment's browser library", script),
    withoutKey('GET /analytics-next/bundles/{file}', 'A later part of that library', script, [file], ['404', '503']),
    withoutKey('POST /v1/m', "Drop that library's reports on itself", settings),
    withoutKey(
      'GET /sourceConfig',
      "What RudderStack's browser library loads first",
      settings,
      [{ ...KEY_IN_PATH, in: 'query', required: false }],
      ['401', '503'],
    ),
    withoutKey('GET /static/{file}', "PostHog's browser library, and its later parts", script, [file], ['404', '503']),
    withoutKey(`GET ${TRACKER_PATH}.js`, 'The tracker of pages', script, [], ['404', '503']),
    withoutKey(`GET ${TRACKER_PATH}-attention.js`, 'What it loads later', script, [], ['404', '503']),
    ofKey('/array/{writeKey}/array.js', 'The same library, for a key', script),
    ofKey('/array/{writeKey}/config', "What PostHog's browser library loads first", settings),
    ofKey('/array/{writeKey}/config.js', 'The same as a script', script),
    withoutKey('POST /flags', 'No flags, for PostHog', settings),
    withoutKey('POST /decide', 'No flags, for older libraries of PostHog', settings),
  ]);
}

function otherPaths(): Record<string, Json> {
  const as = {
    name: 'as',
    in: 'query',
    schema: { type: 'string', enum: ROUTE_NAMES, default: 'events' },
    description: 'For which route.',
  };
  const any = { anyOf: ['NativeBody', 'SegmentCall', 'SegmentBatch', 'PosthogBody'].map(ref) };
  const validate = {
    parameters: [as],
    requestBody: { required: true, content: json(any, { type: 'ad_click', userId: 'u1' }) },
    ...TAKEN,
  };
  const seen = ok(
    'The last rejection of each reason, key and message.',
    json(ref('SeenRejections'), { since: '2026-11-21T12:00:00.000Z', rejections: [] }),
  );
  const rejections = { ...seen, description: 'Needs a key of the scope `read`.' };
  return {
    '/v1/validate': {
      post: operationOf({ id: 'validate', tag: 'events', summary: 'Check events and write nothing', more: validate }),
    },
    '/v1/rejections': {
      get: operationOf({
        id: 'rejections',
        tag: 'operations',
        summary: 'What was rejected, without values',
        more: rejections,
        problems: ['401', '403', '503'],
      }),
    },
  };
}

function idOf(path: string): string {
  const words = path.split(/[^a-zA-Z0-9]+/).filter((word) => word !== '');
  return words.map((word, i) => (i === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1))).join('');
}

export function allPaths(): Json {
  return { ...eventPaths(), ...otherPaths(), ...pixelPaths(), ...libraryPaths() };
}

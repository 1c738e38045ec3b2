/** The OpenAPI document of the collector, at /openapi.json. */
import { allPaths } from './paths.ts';
import { type Json, ref, SCHEMAS } from './schemas.ts';

const PROBLEMS: Readonly<Record<string, string>> = {
  400: 'The request breaks a rule; nothing was written.',
  401: 'No key, or one that is not valid here.',
  403: 'The key may not do this.',
  404: 'There is nothing at this path.',
  408: 'The body took too long: send the key in the header.',
  413: 'The body is too large.',
  429: 'The collector is full, or the key beyond its rate: again after `Retry-After`.',
  503: 'The log cannot take it: again after `Retry-After`, with the same ids.',
};
const TAGS = {
  events: 'What takes events. A 200 is sent once the log has every accepted event on disk.',
  libraries: 'What browser libraries ask for besides.',
  operations: 'What was rejected.',
};

export function openApi(version: string): Json {
  const problem = { 'application/problem+json': { schema: ref('Problem') } };
  const responses = Object.entries(PROBLEMS).map(([status, description]) => [
    `problem${status}`,
    { description, content: problem },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tributary collector',
      version,
      summary: 'Takes events in the formats of Segment, CloudEvents, PostHog and its own.',
      description:
        'docs/ingestion.md of the repository describes every route. A slash at the end of a path changes nothing, but for `/v1/import/`.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to the address of the document, whatever port or proxy that is.
    servers: [{ url: '/', description: 'The collector that this document comes from.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ user: [] }, { bearer: [] }, {}],
    paths: allPaths(),
    components: {
      securitySchemes: {
        user: {
          type: 'http',
          scheme: 'basic',
          description: 'A write key as the user name. Without a header the body may name it.',
        },
        bearer: { type: 'http', scheme: 'bearer', description: 'A write key; for what was rejected a read key.' },
      },
      responses: Object.fromEntries(responses),
      schemas: SCHEMAS,
    },
  };
}

/** The OpenAPI document of the serving API, made from the routes. */
import { z } from 'zod';
import { ROUTES } from './routes.ts';
import { Problem } from './shapes/problem.ts';
import { type Route, type Routes, TAGS } from './shapes/route.ts';

export type Json = Readonly<Record<string, unknown>>;

const PROBLEMS: Readonly<Record<number | '5XX', string>> = {
  400: 'The request breaks a rule: `detail` names the parameter.',
  401: 'No key, an unknown one, or one that has expired.',
  403: 'The key has not got the scope.',
  404: 'What the path names is not there.',
  409: 'Something else changed meanwhile, or the generation cannot be served.',
  413: 'The request or its answer is too large.',
  429: 'Too much is being asked at once: again after `Retry-After`.',
  '5XX': 'No answer now: 503 comes with `Retry-After` where asking again helps.',
};
const ALWAYS = [400, 401, 403, 429] as const;

export function openApi(version: string): Json {
  const components: Record<string, Json> = {};
  const problem = { $ref: named(Problem, 'Problem', 'output', components) };
  const paths: Record<string, Record<string, Json>> = {};
  for (const [operation, route] of Object.entries(ROUTES as Routes))
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operationOf(operation, route, components) };
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tributary serving API',
      version,
      summary: 'Merged answers of the speed and the batch layer.',
      description: 'Every route is described in docs/api.md of the repository.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to the address of the document, whatever port or proxy that is.
    servers: [{ url: '/', description: 'The API that this document comes from.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: [{ key: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'A key with the scope read or admin; an admin key may read.' },
      },
      responses: Object.fromEntries(
        Object.entries(PROBLEMS).map(([status, description]) => [
          `problem${status}`,
          { description, content: { 'application/problem+json': { schema: problem } } },
        ]),
      ),
      schemas: components,
    },
  };
}

function operationOf(operationId: string, route: Route, components: Record<string, Json>): Json {
  const { tag, summary, description, params, query, body, answer, status = 200, refusals = [], example } = route;
  const { answersAs = 'application/json', alsoAs = [] } = route;
  const answered = { $ref: named(answer, answerName(operationId), 'output', components) };
  const fields = body === undefined ? [] : Object.keys(body.shape);
  const problems = [...ALWAYS, ...refusals, '5XX' as const].map((code) => [
    code,
    { $ref: `#/components/responses/problem${code}` },
  ]);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(route.scope !== 'read' && { 'x-scope': route.scope }),
    parameters: [
      ...parametersOf('path', params, example.asked, components),
      ...parametersOf('query', query, example.asked, components),
    ],
    ...(body !== undefined && {
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: { $ref: named(body, `${capital(operationId)}Body`, 'input', components) },
            example: Object.fromEntries(Object.entries(example.asked).filter(([name]) => fields.includes(name))),
          },
        },
      },
    }),
    responses: {
      [status]: {
        description: summary,
        content: {
          [answersAs]: { schema: answered, example: example.answer },
          ...Object.fromEntries(alsoAs.map((type) => [type, { schema: { type: 'string' } }])),
        },
      },
      ...Object.fromEntries(problems),
    },
  };
}

function parametersOf(
  where: 'path' | 'query',
  schemas: z.ZodObject | undefined,
  asked: Json,
  components: Record<string, Json>,
): Json[] {
  return Object.entries(schemas?.shape ?? {}).map(([name, schema]) => {
    const { description, deprecated, explode = false, ...json } = jsonOf(schema as z.ZodType, 'input', components);
    const isList = json['type'] === 'array' || explode === true;
    return {
      name,
      in: where,
      ...(where === 'path' && { required: true }),
      ...(description !== undefined && { description }),
      ...(deprecated !== undefined && { deprecated }),
      ...(isList && { style: 'form', explode }),
      schema: json,
      ...(name in asked && { example: exampleOf(json, String(asked[name])) }),
    };
  });
}

/** An example as the schema types it; on the wire all are text. */
function exampleOf({ type }: Json, text: string): unknown {
  if (type === 'array') return text.split(',');
  return type === 'integer' || type === 'number' ? Number(text) : text;
}

/** A reference to the schema among the components, under the name it has, or else the one given. */
function named(schema: z.ZodType, name: string, io: 'input' | 'output', components: Record<string, Json>): string {
  const json = jsonOf(schema, io, components);
  if (typeof json['$ref'] === 'string') return json['$ref'];
  components[name] = json;
  return `${COMPONENTS}${name}`;
}

const COMPONENTS = '#/components/schemas/';

/** What the schema refers to is added to the components. */
function jsonOf(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Json>): Json {
  // Transforms describe themselves, by their meta.
  const made = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => tidy(zodSchema, jsonSchema),
  });
  const {
    $schema,
    $defs = {},
    ...json
  } = JSON.parse(JSON.stringify(made).replaceAll('#/$defs/', COMPONENTS)) as Json & {
    $defs?: Readonly<Record<string, Json>>;
  };
  for (const [id, { $id, id: _id, ...definition }] of Object.entries($defs)) components[id] = definition;
  const { id, ...rest } = json;
  if (typeof id !== 'string') return rest;
  components[id] = rest;
  return { $ref: `${COMPONENTS}${id}` };
}

/** The bounds of safe integers say nothing. Answers may have more fields tomorrow. A default holds whatever reads the text. */
function tidy(schema: z.core.$ZodType, json: z.core.JSONSchema.BaseSchema): void {
  if (json.minimum === Number.MIN_SAFE_INTEGER) delete json.minimum;
  if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
  const { def } = schema._zod;
  if (def.type === 'object' && (def as z.core.$ZodObjectDef).catchall === undefined) delete json.additionalProperties;
  if (def.type === 'default') json.default = (def as z.core.$ZodDefaultDef).defaultValue;
}

function answerName(operation: string): string {
  return `${capital(operation)}Answer`;
}

function capital(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

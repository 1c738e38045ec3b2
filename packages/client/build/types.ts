/** From the OpenAPI document to plain TypeScript: the package that is installed elsewhere needs neither schemas nor a library of them. */

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly description?: string;
}
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema: Schema;
  }[];
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>;
}
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** What JSON Schema has no words for: what callers may write as an instant, and sums beyond 2^53. */
const WRITTEN: Readonly<Record<string, string>> = { Instant: 'number | string | Date', Sum: 'number | bigint' };

/** The module `api.ts`. */
export function typesOf({ paths, components }: OpenApi): string {
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `${comment(schema.description)}export type ${name} = ${WRITTEN[name] ?? typeOf(schema)};\n`,
  );
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ operation, route: [method.toUpperCase(), path] })),
  );
  // On one line, as pages load it: its indentation would be a tenth of it.
  const routes = operations.map(({ operation: { operationId }, route }) => `${operationId}: ${JSON.stringify(route)}`);
  return [
    '/** Made from the OpenAPI document of the API. */\n',
    ...schemas,
    `export interface Operations {\n${operations.map(({ operation }) => operationOf(operation)).join('')}}\n`,
    `export const ROUTES = { ${routes.join(', ')} } as const;\n`,
  ].join('\n');
}

function operationOf({ operationId, summary, parameters, requestBody, responses }: Operation): string {
  const written = parameters
    .filter(({ name }) => name !== 'format')
    .map(({ name, required = false, schema, description }) =>
      field(name, required, { ...schema, ...(description !== undefined && { description }) }, true),
    );
  const body = requestBody?.content['application/json'].schema;
  const parts = [...(written.length > 0 ? [`{\n${written.join('')}}`] : []), ...(body === undefined ? [] : [typeOf(body)])];
  const [answer] = Object.entries(responses).flatMap(([status, { content }]) =>
    status.startsWith('2') ? [content?.['application/json']?.schema] : [],
  );
  return `${comment(summary)}readonly ${operationId}: {
    readonly asked: ${parts.join(' & ') || 'object'};
    readonly answer: ${answer === undefined ? 'unknown' : typeOf(answer)};
  };\n`;
}

function typeOf(schema: Schema, isAsked = false): string {
  const { $ref, enum: values, const: value, anyOf, type } = schema;
  if ($ref !== undefined) return $ref.slice($ref.lastIndexOf('/') + 1);
  if (values !== undefined) return values.map((one) => JSON.stringify(one)).join(' | ');
  if (value !== undefined) return JSON.stringify(value);
  if (anyOf !== undefined) return anyOf.map((one) => typeOf(one, isAsked)).join(' | ');
  if (typeof type !== 'string') return type?.map((one) => typeOf({ ...schema, type: one }, isAsked)).join(' | ') ?? 'unknown';
  if (type === 'array') return `${isAsked ? 'readonly ' : ''}(${typeOf(schema.items ?? {}, isAsked)})[]`;
  if (type === 'object') return objectOf(schema, isAsked);
  return type === 'integer' ? 'number' : type;
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema, isAsked: boolean): string {
  const fields = Object.entries(properties).map(([name, schema]) => field(name, required.includes(name), schema, isAsked));
  if (typeof additionalProperties === 'object') {
    const other = typeOf(additionalProperties, isAsked);
    fields.push(`[name: string]: ${other};\n`);
  }
  return fields.length === 0 ? 'object' : `{\n${fields.join('')}}`;
}

function field(name: string, isRequired: boolean, schema: Schema, isAsked: boolean): string {
  const optional = isRequired ? '' : ' | undefined';
  return `${comment(schema.description)}${isAsked ? 'readonly ' : ''}${JSON.stringify(name)}${isRequired ? '' : '?'}: ${typeOf(schema, isAsked)}${optional};\n`;
}

function comment(text: string | undefined): string {
  return text === undefined ? '' : `/** ${text.replaceAll('*/', '*\\/')} */\n`;
}

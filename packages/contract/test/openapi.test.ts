/** The OpenAPI document: what tools that generate clients and pages from it rely on. */
import { expect, test } from 'vitest';
import { type Json, openApi } from '../src/openapi.ts';
import { ROUTES } from '../src/routes.ts';
import type { Routes } from '../src/shapes/route.ts';
import { TAGS } from '../src/shapes/route.ts';

interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly required?: boolean;
    readonly schema: Json;
  }[];
  readonly responses: Readonly<Record<string, Json>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const document = openApi('0.1.0');
const paths = document['paths'] as Paths;
const components = document['components'] as Readonly<Record<string, Readonly<Record<string, Json>>>>;
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

test('each route is one operation with a name of its own, a tag that is described, and its problems', () => {
  expect(operations.map(({ operation }) => operation.operationId).sort()).toEqual(Object.keys(ROUTES).sort());
  expect(Object.keys(ROUTES).length).toBeGreaterThan(30);
  for (const { operation } of operations) {
    expect(operation.tags.filter((tag) => !(tag in TAGS))).toEqual([]);
    expect(operation.tags.length).toBe(1);
    expect(operation.summary.length).toBeGreaterThan(10);
    const statuses = Object.keys(operation.responses);
    expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '429', '5XX']));
    expect(statuses.filter((status) => status.startsWith('2')).length).toBe(1);
  }
});

test('each parameter says what it is for, so that the page of a route needs no other text', () => {
  const bare = operations.flatMap(({ path, operation }) =>
    operation.parameters
      .filter(({ description, schema }) => String(description ?? schema['description'] ?? '').length < 8)
      .map(({ name }) => `${path}: ${name}`),
  );
  expect(bare).toEqual([]);
});

test('the parameters of a path are those in its braces, and required', () => {
  for (const { path, operation } of operations) {
    const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(inPath.every(({ required }) => required)).toBe(true);
  }
});

test('numbers are numbers, choices are enums, lists are lists with commas, and defaults are said', () => {
  const parameter = (path: string, name: string) => paths[path]?.['get']?.parameters.find((one) => one.name === name);
  expect(parameter('/v1/attribution', 'limit')?.schema).toEqual({
    type: 'integer',
    minimum: 1,
    maximum: 10_000,
    default: 10_000,
  });
  expect(parameter('/v1/attribution', 'alpha')?.schema).toEqual({ type: 'number', minimum: 0, maximum: 1, default: 0.5 });
  expect(parameter('/v1/attribution', 'model')?.schema).toMatchObject({ enum: expect.arrayContaining(['last', 'shapley']) });
  expect(parameter('/v1/activity', 'by')).toMatchObject({
    style: 'form',
    explode: false,
    schema: { type: 'array', items: { enum: ['day', 'type', 'week', 'month'] }, default: ['day', 'type'] },
  });
  expect(parameter('/v1/generations/{generation}', 'generation')?.schema).toMatchObject({ type: 'integer', minimum: 1 });
  expect(parameter('/v1/status', 'x')).toBeUndefined();
});

test('every reference leads somewhere, and every component is referred to', () => {
  const found = new Set([...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/([^"]+)"/g)].map(([, name = '']) => name));
  const there = ['schemas', 'responses'].flatMap((kind) => Object.keys(components[kind] ?? {}).map((name) => `${kind}/${name}`));
  expect([...found].sort()).toEqual(there.sort());
});

test.each(Object.entries(ROUTES as Routes))(
  'the example of %s is valid against its schemas',
  (_operation, { params, query, body, answer, example }) => {
    const parts = [params, query, body].filter((part) => part !== undefined);
    const taken = parts.map((part) => {
      const names = Object.keys(example.asked).filter((name) => name in part.shape);
      expect(part.safeParse(Object.fromEntries(names.map((name) => [name, example.asked[name]]))).error).toBeUndefined();
      return names;
    });
    expect(taken.flat().sort()).toEqual(Object.keys(example.asked).sort());
    // A field that the schema does not know would be left out by parsing.
    expect(answer.parse(example.answer)).toEqual(example.answer);
  },
);

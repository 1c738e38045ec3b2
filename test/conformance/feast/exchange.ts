/** What the SDK of Feast sent, got and read, and how that is held against what the API says of the same users in its own form. */
import { parseExactJson } from '@tributary/model/exact-json';
import type { World } from '../../../services/api/test/world.ts';
import { FEATURES, USERS } from './world.ts';

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly status: number;
  readonly answer: string;
}

type Cells = Readonly<Record<string, readonly unknown[]>>;
interface Failure {
  readonly class: string;
  readonly message: string;
}

/** As `sdk.py` prints it. */
export interface SdkRead {
  readonly values: Cells;
  /** The kind of each value, as Feast's protocol names it (`int64_val`); null: no value. */
  readonly kinds: Cells;
  readonly statuses: Cells;
  readonly full: Cells;
  readonly columns: readonly string[];
  readonly typed: readonly Readonly<Record<string, unknown>>[];
  readonly newestOfFirst: string;
  readonly unknown: Failure | null;
  readonly twoKeys: Failure | null;
  readonly service: Failure | null;
  readonly written: Failure | null;
  readonly wrongKey: Failure | null;
  readonly health: number;
  readonly push: number;
}

/** Ids of requests differ from run to run. */
export function plainIds(answer: string): string {
  return answer.replaceAll(/request [0-9a-f]{8}-[0-9a-z]+/g, 'request …');
}

const [INVALID, PRESENT, NULL_VALUE, NOT_FOUND] = [0, 1, 2, 3];
const KINDS: Readonly<Record<string, string>> = {
  views1h: 'int64_val',
  spend: 'int64_val',
  dearest: 'double_val',
  meanPrice: 'double_val',
  bought: 'double_val',
  isMember: 'bool_val',
  planner: 'bool_val',
  'planner.since': 'int64_val',
};

/** Where the SDK reads another value than the API answers: one text each. Empty: it reads what is true. */
export async function judged(world: World, read: SdkRead): Promise<string[]> {
  const differences: string[] = [];
  const expect = (what: string, got: unknown, expected: unknown) => {
    const [a, b] = [shown(got), shown(expected)];
    if (a !== b) differences.push(`${what}: the SDK reads ${a}, expected ${b}`);
  };
  const names = [...new Set(FEATURES.map((feature) => feature.split('.')[0]))];
  const { text } = await world.post('/v1/signals/values', { users: USERS.map(String), signals: names });
  const { results } = parseExactJson(text) as { readonly results: readonly NativeUser[] };
  for (const [i, { status, values }] of results.entries())
    for (const feature of FEATURES) {
      const [value, expected] = status === 'NOT_FOUND' ? [null, NOT_FOUND] : cellOf(feature, values);
      const at = `${feature} of ${USERS[i]}`;
      expect(at, read.values[feature]?.[i], value);
      expect(`status of ${at}`, read.statuses[feature]?.[i], expected);
      expect(`kind of ${at}`, read.kinds[feature]?.[i], expected === PRESENT ? (KINDS[feature] ?? 'string_val') : null);
    }
  expect('entities', read.values['user_id'], USERS);
  expect('names', Object.keys(read.full), ['user_id', `profile__${FEATURES[0]}`, `profile__${FEATURES[1]}`]);
  expect('columns', [...read.columns].sort(), ['user_id', ...FEATURES].sort());
  const texts = USERS.flatMap((user, i) => (typeof user === 'string' ? [i] : []));
  for (const [at, row] of read.typed.entries())
    for (const feature of FEATURES) expect(`typed ${feature}`, row[feature], read.values[feature]?.[texts[at] as number]);
  for (const [failed, name, says] of [
    [read.unknown, 'FeastError', 'features must be names of definitions in force'],
    [read.twoKeys, 'FeastError', 'entities must have one join key'],
    [read.service, 'FeastObjectNotFoundException', 'services are in the registry of Feast alone'],
    [read.written, 'FeastObjectNotFoundException', 'they are computed of events'],
    [read.wrongKey, 'FeastPermissionError', 'the key is not known here'],
  ] as const)
    if (failed?.class !== name || !failed.message.includes(says)) expect(`refusal "${says}"`, failed, { class: name });
  expect('health', read.health, 200);
  expect('push', read.push, 404);
  return differences;
}

interface NativeUser {
  readonly status: string;
  readonly values: Readonly<Record<string, { readonly value: unknown; readonly status: string }>>;
}

function cellOf(feature: string, values: NativeUser['values']): [value: unknown, status: number] {
  const [name = '', part] = feature.split('.');
  const found = values[name];
  if (found?.status !== 'READY') return [null, INVALID];
  const { value } = found;
  const cell = isSegment(value) ? (part === 'since' ? value.since : value.member) : value;
  if (cell === null) return [null, NULL_VALUE];
  if (typeof cell === 'bigint' && cell >= 2n ** 63n) return [null, INVALID];
  return [Array.isArray(cell) ? JSON.stringify(cell) : cell, PRESENT];
}

function isSegment(value: unknown): value is { readonly member: boolean; readonly since: number | null } {
  return typeof value === 'object' && value !== null && 'member' in value;
}

function shown(value: unknown): string {
  return JSON.stringify(value, (_, one: unknown) => (typeof one === 'bigint' ? String(one) : one)) ?? 'nothing';
}

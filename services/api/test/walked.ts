/** Worlds made of journeys: what a report says of them can be worked out by hand. */
import { type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { looksAt, SHARED_MODELS, type SharedName } from '@tributary/attribution/models/shared-models';
import { AttributionAnswer } from '@tributary/contract/groups/attribution-answer';
import { DAY_MS } from '@tributary/model/time';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect } from 'vitest';
import { createWorld, event, NOON, type World, type WorldOptions } from './world.ts';

export const MINUTE = 60_000;
export const SHARED = Object.keys(SHARED_MODELS) as SharedName[];

/** Counts by the number of channels are of journeys that convert, sets and edges of others as well. */
export function seesNulls(model: SharedName | undefined): boolean {
  return model !== undefined && (looksAt(model).sets || looksAt(model).edges);
}

// biome-ignore lint/suspicious/noExplicitAny: rows of an answer
export type AnyRow = any;

export interface Journey {
  readonly path: readonly string[];
  readonly converted: boolean;
  readonly value?: number;
  readonly currency?: string;
  readonly cost?: number;
  readonly campaign?: string;
  /** Whole days before today, at most 2: more is late. */
  readonly daysAgo?: number;
  /** Named by a test that wants the user to come back. */
  readonly userId?: string;
}

let users = 0;
export async function walk(world: World, journeys: readonly Journey[]): Promise<void> {
  for (const { path, converted, value = 0, currency, cost, campaign, daysAgo = 0, userId = `walker-${++users}` } of journeys) {
    const noon = NOON - daysAgo * DAY_MS;
    const extra = { ...(currency === undefined ? {} : { currency }), ...(campaign === undefined ? {} : { campaign }) };
    for (const [i, channel] of path.entries())
      await world.ingest(
        event({
          type: 'ad_click',
          userId,
          channel,
          ts: noon - (path.length - i) * MINUTE,
          ...(cost === undefined ? {} : { cost }),
          ...extra,
        }),
      );
    if (converted)
      await world.ingest(event({ type: 'purchase', userId, ts: noon, value, ...(currency === undefined ? {} : { currency }) }));
  }
}

export async function walked(
  journeys: readonly Journey[],
  definitions = {},
  options: Pick<WorldOptions, 'partitions'> = {},
): Promise<World> {
  const world = await createWorld({ definitions: definitionsOf(definitions), ...options });
  await walk(world, journeys);
  await world.tick();
  return world;
}

export const times = (count: number, journey: Journey): Journey[] => new Array<Journey>(count).fill(journey);

export const rowsOf = async (world: World, query: string): Promise<Record<string, AnyRow>> => {
  const { body, status } = await world.get(`/v1/attribution?${query}`);
  expect([status, body.detail]).toEqual([200, undefined]);
  expect(AttributionAnswer.parse(body)).toEqual(body);
  return Object.fromEntries(body.rows.map((row: AnyRow) => [row.channel, row]));
};

/** Whether an answer hands out no credit (or value): then it does so in no row and no total, it is of the game of rates, and it says why. */
export function isWithheld({ rows, totals, meta }: AnyRow, model: string, measure: 'creditMicros' | 'valueMinor'): boolean {
  const figures = [...rows, totals].map((row: AnyRow) => row[measure]).filter((figure) => figure !== undefined);
  if (!figures.includes(null)) return false;
  expect([modelInfo(model as ModelName).estimates, [...new Set(figures)], meta.warnings.join()]).toEqual([
    'rateDifference',
    [null],
    expect.stringContaining('hands out no credit'),
  ]);
  return true;
}

/** A row that a window does not have. */
export function noneOf(answer: AnyRow, model: string): AnyRow {
  return {
    ...(isWithheld(answer, model, 'creditMicros') ? { creditMicros: null, conversions: null } : {}),
    ...(isWithheld(answer, model, 'valueMinor') ? { valueMinor: null } : {}),
  };
}

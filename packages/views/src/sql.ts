/**
 * The batch half of the views: SQL files beside the folds they mirror (law 5), and the relations they read.
 *
 *   macros, definition tables;  events → members → timelines ─┬→ anchors  ─┬→ batch.sql → rows
 *                                                            └→ journeys ─┘
 *
 * No text from data or definitions is ever spliced into a statement: definitions arrive as one bound JSON value.
 */
import { readFileSync } from 'node:fs';
import type { Definitions } from '@tributary/model/definitions';
import { LAYOUTS, LINK_TARGETS, patternSource, WEB_TYPES } from '@tributary/model/web';
import { HOST, MOST_PAGE, QUERY, SCHEME } from '@tributary/model/web-page-name';
import { daySegmentsOf } from '@tributary/signals/definitions/segment-days';
import { countedSql, isFoundOut } from './counts/relation.ts';
import { NULL_PATH } from './journeys/lenses.ts';
import { MAX_PATH_TOUCHES } from './journeys/most-touches.ts';
import type { View } from './view.ts';

export interface SqlStatement {
  readonly sql: string;
  readonly values?: string[];
}

/** What a session runs once before it runs any view that has rows under these definitions: several statements each, but for the one with values. */
export function prepareStatements(definitions: Definitions): SqlStatement[] {
  const [first, ...rest] = statementsOf(read('definition-tables.sql'));
  if (first === undefined) throw new Error('definition-tables.sql holds no statement');
  const unread = [
    ...(definitions.web === undefined ? ['web_'] : []),
    ...(isFoundOut(definitions) ? [] : ['count_texts', 'day_segments']),
  ];
  return [
    { sql: statementsOf(read('macros.sql')).join(';\n') },
    { sql: first, values: [definitionsJson(definitions)] },
    { sql: rest.filter((sql) => !unread.some((table) => sql.includes(` TABLE ${table}`))).join(';\n') },
  ];
}

/**
 * The touches and conversions among events, with what the definitions make of them (member.ts, timelineEvent): `kind`, a
 * touch's channel and window; absent text reads `(none)`, absent amounts 0. Mere signals are left out. `relation` is a table
 * expression of ours with the columns partition, user_key, ts, id, type, channel, campaign, cost, value, currency, and once_key where
 * the definitions count conversions once.
 */
export function membersSql(relation: string, { onceMs }: Definitions): string {
  return `
    SELECT e.partition, e.user_key, e.ts, e.id, e.type, member.kind,
      coalesce(e.channel, member.default_channel) AS channel,
      coalesce(e.campaign, '(none)') AS campaign,
      coalesce(e.cost, 0) AS cost, coalesce(e.value, 0) AS value,
      coalesce(e.currency, '(none)') AS currency,
      member.window_ms, member.view_through${onceMs.size === 0 ? '' : ', e.once_key'}
    FROM ${relation} AS e JOIN member_types AS member ON member.type = e.type
    WHERE member.kind = 'conversion' OR coalesce(e.channel, member.default_channel) IS NOT NULL`;
}

/** Events with `once_key`, what they are counted once by (`onceKeyOf`; NULL without one), in place of their `properties`. */
export function onceKeySql(relation: string): string {
  return `
    SELECT e.* EXCLUDE (properties), once_key_of(e.properties, once_types.path) AS once_key
    FROM ${relation} AS e LEFT JOIN once_types ON once_types.type = e.type`;
}

/** Events with `web`, the properties of those of web types as JSON, in place of their `properties`; others have neither page nor element. */
export function webSql(relation: string): string {
  const types = WEB_TYPES.map((type) => `'${type}'`).join(', ');
  const ofWeb = (column: string) => `CASE WHEN type IN (${types}) THEN ${column} END`;
  return `SELECT * REPLACE (${ofWeb('page')} AS page, ${ofWeb('element')} AS element), ${ofWeb('properties')} AS web FROM ${relation}`;
}

/** From `web_around`, events which have `web`, to `web_events`, those of them that are fresh. */
export function webStatements(): string[] {
  return statementsOf(read('web/events.sql'));
}

/** A condition: the event is of a type that converts. */
export const CONVERTS = "type IN (SELECT type FROM member_types WHERE kind = 'conversion')";

/** The conversions of `relation`, repetitions too, as sessions look at them. */
export function convertingSql(relation: string, { onceMs }: Pick<Definitions, 'onceMs'>): string {
  const key = onceMs.size === 0 ? 'NULL::VARCHAR AS once_key' : 'once_key';
  return `
    SELECT user_key, ts, id, type, coalesce(currency, '(none)') AS currency, coalesce(value, 0) AS value, ${key}, fresh
    FROM ${relation} WHERE ${CONVERTS}`;
}

/** After `webStatements`, to `web_sessions` and `sessions_converting`: for views that look at them. `convertingSql` of what is beside `web_around`: `web_converting`. */
export function sessionStatements(): string[] {
  return statementsOf(read('web/sessions.sql'));
}

/** From `members` (touches and conversions, each with whether it is there now, and was before) to the table `timelines`, in order, without repetitions. */
export function timelineStatements({ onceMs }: Definitions): string[] {
  const files = onceMs.size > 0 ? ['batch', 'once'] : ['batch'];
  return files.flatMap((file) => statementsOf(read(`timeline/${file}.sql`)));
}

/**
 * From `timelines`, of which some events come or go, to the journeys whose rows in these views these may change (`asked`), and to users of more touches than a
 * path looks back over (`crowded`).
 */
export function askedStatements(views: readonly View[]): string[] {
  return ['conversions', ...(views.some(({ lens }) => lens === NULL_PATH) ? ['null-paths'] : [])].flatMap(ofJourneys);
}

/** After `askedStatements`, to the paths of these journeys. `isCrowded`: there are users in `crowded`, as far as the caller knows. */
export function pathStatements({ attribution }: Definitions, isCrowded = true): string[] {
  const files = [...(isCrowded ? ['newest'] : []), 'steps', ...(attribution.clicksOutrankViews ? ['outranked'] : []), 'walk'];
  return files.flatMap(ofJourneys).map((sql) => withoutFarSteps(sql, attribution));
}

function ofJourneys(file: string): string[] {
  return statementsOf(read(`journeys/${file}.sql`));
}

/** Passages alone ask how far a step is behind, as far as their order reaches (edges.sql): three steps that none asks for are a tenth of the walk. */
function withoutFarSteps(sql: string, { transitionOrder }: Definitions['attribution']): string {
  return sql.replaceAll(/lag\(channel_no, ([2-4])\) OVER walk/g, (lag, steps) =>
    Number(steps) <= transitionOrder ? lag : 'NULL::INTEGER',
  );
}

/** After `pathStatements`, the steps of each channel on a path: for views that look at them, or at parts. `slices`: of the paths, one at a time. */
export function ownStatements(slices = 1): string[] {
  const [whole = ''] = statementsOf(read('journeys/own.sql'));
  if (slices === 1) return [whole];
  // The two paths of a journey, as it was and as it is, have neighbouring numbers.
  const ofSlice = (k: number) => whole.replace('FROM walked', `FROM walked WHERE path_no // 2 % ${slices} = ${k}`);
  return Array.from({ length: slices }, (_, k) =>
    k === 0 ? ofSlice(k) : ofSlice(k).replace('CREATE OR REPLACE TABLE own AS', 'INSERT INTO own'),
  );
}

/** After `ownStatements`, what each channel has of a path: for views that look at it. `repeats`: some look at `again`, what conversions repeat. */
export function partStatements(repeats = true): string[] {
  const statements = statementsOf(read('journeys/parts.sql'));
  return repeats ? statements : statements.filter((sql) => !sql.includes(' TABLE again '));
}

/** A condition on `path`: the journey has a row in `again`, if its channels were there before. */
export const REPEATS = 'NOT is_null AND (repeats OR value < 0)';

/** After `pathStatements`, the passages along paths: for views that look at them. */
export function edgeStatements({ attribution }: Pick<Definitions, 'attribution'>): string[] {
  return statementsOf(read('journeys/edges.sql')).map((sql) => withoutFarStates(sql, attribution));
}

/** A state of k channels has the names of k: each other one is a join to plan, and finds nothing. */
function withoutFarStates(sql: string, { transitionOrder }: Definitions['attribution']): string {
  const ofOrder = (text: string, state: string) => (Number(state) < transitionOrder ? text : '');
  return sql.replaceAll(/^ *LEFT JOIN channel AS n([1-3]) .*\n/gm, ofOrder).replaceAll(/, n([1-3])\.channel/g, ofOrder);
}

/**
 * From `anchors` (for views of paths: from the journeys) to what the `fresh` events change in the view's rows:
 * dimensions as text, measures as integers. Where all events are fresh, that is the view.
 */
export function batchSql(view: Pick<View, 'name'>): string {
  return read(`${view.name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}/batch.sql`);
}

function definitionsJson(definitions: Definitions): string {
  const { attribution } = definitions;
  return JSON.stringify({
    touches: [...definitions.touchWindowMs].map(([type, windowMs]) => ({
      type,
      windowMs,
      defaultChannel: definitions.touches[type]?.defaultChannel ?? null,
      viewThrough: definitions.viewThroughTypes.has(type),
    })),
    conversions: [...definitions.conversionTypes],
    once: Object.entries(definitions.once).map(([type, { by }]) => ({
      type,
      withinMs: definitions.onceMs.get(type) as number,
      path: by
        .split('.')
        .slice(1)
        .reduce((path, name) => `${path}."${name}"`, '$'),
    })),
    direct: [...definitions.directChannels],
    channels: definitions.trackedChannels === null ? null : [...definitions.trackedChannels],
    decayWeights: definitions.decayWeights,
    touchesFirst: definitions.touchesFirst,
    resetOnConversion: attribution.resetOnConversion,
    firstPercent: attribution.positionBased.first,
    lastPercent: attribution.positionBased.last,
    lookbackMs: definitions.lookbackMs,
    countTexts: countedSql(definitions).texts,
    daySegments: daySegmentsOf(definitions).all.map(({ name, version, forMs, ttlMs }, number) => ({
      number,
      name,
      version,
      forMs,
      ttlMs,
    })),
    transitionOrder: attribution.transitionOrder,
    pathSteps: attribution.pathSteps,
    pathTouches: MAX_PATH_TOUCHES,
    web: {
      layouts: LAYOUTS.map(String),
      targets: LINK_TARGETS,
      patterns: (definitions.web?.pages ?? []).map((pattern, number) => ({ number, pattern, source: patternSource(pattern) })),
      namesAll: definitions.web?.pages === undefined,
      mostPage: MOST_PAGE,
      scheme: SCHEME,
      query: QUERY,
      host: HOST,
    },
  });
}

function statementsOf(text: string): string[] {
  return text
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

const texts = new Map<string, string>();

/** Each file once: a generation asks for fifty of them. */
function read(file: string): string {
  const text = texts.get(file) ?? readFileSync(new URL(`./${file}`, import.meta.url), 'utf8');
  texts.set(file, text);
  return text;
}

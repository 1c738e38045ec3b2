/** From a join that people write to one that can be evaluated. */
import { DAY_MS } from '@tributary/model/time';
import type { z } from 'zod';
import type { Field } from '../expressions/fields.ts';
import { evaluateJoin, type Joined } from '../kinds/joins.ts';
import { type JoinDefinition, type Selector, shownOfMatch } from '../resolved.ts';
import type { Checks, Path } from './compiler.ts';
import { durationMs } from './duration.ts';
import { read, refusedAt } from './refuse.ts';
import { JOIN_NAMES, SIGNALS } from './schema.ts';
import { eitherTypes, selected, typesOf } from './selected.ts';

type Written = z.output<(typeof SIGNALS)['join']>;

export function joinOf(raw: unknown, path: Path, checks: Checks) {
  const written = read(SIGNALS.join, raw, path);
  const { within, only = null, keep } = written;
  const msOf = (given: string | undefined) => (given === undefined ? 0 : durationMs(given));
  const [beforeMs, afterMs] = [msOf(within.before), msOf(within.after)];
  const ageMs = keep.age === undefined ? wholeDays(checks.retainedMs - beforeMs) : durationMs(keep.age);
  const reachMs = ageMs + beforeMs;
  checks.demandKept(reachMs, [...path, 'keep', 'age'], 'Shorten it or "before", or raise signalRetention.days');
  const on = Array.isArray(written.on) ? written.on.map((name) => [name, name] as const) : Object.entries(written.on);
  demandNames(written, path);
  const [of, to] = [sideOf(written, 'join', path, checks), sideOf(written, 'with', path, checks)];
  const keys = on.map((names) => keyOf(names, [...path, 'on'], checks));
  const resolved: JoinDefinition = {
    kind: 'join',
    of: of.selector,
    fields: of.fields.map(([name]) => name),
    with: { of: to.selector, fields: to.fields.map(([name]) => name) },
    on,
    beforeMs,
    afterMs,
    only,
    count: keep.count,
    ageMs,
  };
  const own: Joined = { select: of.select, on: keys.map(([field]) => field), fields: of.fields };
  const match: Joined = {
    select: to.select,
    on: keys.map(([, field]) => field),
    fields: to.fields.map(([name, field]) => [shownOfMatch(name), field]),
  };
  return {
    resolved,
    reachMs,
    types: eitherTypes(of.selector.types, to.selector.types),
    looksAt: [of.selection, to.selection],
    evaluate: evaluateJoin(resolved, own, match),
  };
}

/** Less than a day as it is, at least 1 ms. */
function wholeDays(ms: number): number {
  return ms < DAY_MS ? Math.max(1, ms) : ms - (ms % DAY_MS);
}

function sideOf(written: Written, side: 'join' | 'with', path: Path, checks: Checks) {
  const { type, where = null, fields } = written[side];
  const selector: Selector = { types: typesOf(type), where };
  return {
    selector,
    ...selected(selector, [...path, side, 'where'], checks),
    fields: fields.map((name, i) => [name, checks.field(name, [...path, side, 'fields', i])] as const),
  };
}

/** Entries have the fields of both sides beside each other. */
function demandNames(written: Written, path: Path): void {
  const taken = new Set<string>(JOIN_NAMES);
  for (const side of ['join', 'with'] as const)
    for (const [i, name] of written[side].fields.entries()) {
      const shown = side === 'join' ? name : shownOfMatch(name);
      if (taken.has(shown))
        throw refusedAt(
          [...path, side, 'fields', i],
          `have a name of its own in the entries, where ${JOIN_NAMES.join(', ')} are taken`,
          JSON.stringify(shown),
          'Name it once, or take it from properties under another name',
        );
      taken.add(shown);
    }
}

function keyOf([name, nameOfMatch]: readonly [string, string], path: Path, checks: Checks): readonly [Field, Field] {
  const [field, fieldOfMatch] = [checks.field(name, path), checks.field(nameOfMatch, path)];
  if (field.type !== fieldOfMatch.type)
    throw refusedAt(
      path,
      'name a field of the same type on both sides',
      `${name}: ${field.type}, ${nameOfMatch}: ${fieldOfMatch.type}`,
    );
  return [field, fieldOfMatch];
}

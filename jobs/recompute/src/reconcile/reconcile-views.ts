/** Compares views and says why they differ: what causes do not explain is an engine defect, where nothing else can be the reason. Runs in the child. */
import { openDuckDb } from '@tributary/archive/duckdb';
import type { CompareResult, CompareSpec, Reconciled, Remainder } from '../specs/compare.ts';
import { compareViews } from './compare-views.ts';
import { type Examined, examine } from './examine.ts';

export async function reconcileViews(spec: CompareSpec): Promise<Reconciled> {
  const { remainder = 'engineDefect' } = spec;
  if (spec.examine === undefined) return { views: await compareWith(spec, null, remainder), remainder };
  const first = await reconcileOnce(spec, false);
  // A copy from before the cut may stand in a timeline still: that is looked for only where something is left, for it takes long.
  const second = hasDefects(first) ? await reconcileOnce(spec, true) : first;
  if (!hasDefects(second) || second.examined.doubted === 0) return reconciledOf(second);
  return reconciledOf({ ...second, remainder: 'unexamined', views: await compareWith(spec, second.examined, 'unexamined') });
}

interface Once {
  readonly views: CompareResult;
  readonly remainder: Remainder;
  readonly examined: Examined;
}

async function reconcileOnce(spec: CompareSpec, deep: boolean): Promise<Once> {
  const examined = await examineApart(spec, deep);
  const remainder = remainderWith(examined, spec.remainder ?? 'engineDefect');
  // Names in keys may be of users who are erased again.
  const asked = examined.isErasing ? { ...spec, hidesGone: true } : spec;
  return { views: await compareWith(asked, examined, remainder), remainder, examined };
}

function remainderWith({ isErasing, unexamined }: Examined, asked: Remainder): Remainder {
  if (isErasing && (asked === 'overflow' || asked === 'engineDefect')) return 'erasure';
  return asked === 'engineDefect' && unexamined > 0 ? 'unexamined' : asked;
}

function hasDefects({ views }: Once): boolean {
  return Object.values(views).some(({ classes }) => classes.engineDefect !== undefined);
}

function reconciledOf({ views, remainder, examined }: Once): Reconciled {
  const { lateness, rows: _, isErasing: __, ...causes } = examined;
  return { views, remainder, causes: { ...causes, ...(lateness !== null && { lateness }) } };
}

/** In a session of its own: the memory of one is free before the next. */
async function examineApart({ dataDir, tempDir, limits, examine: asked }: CompareSpec, deep: boolean): Promise<Examined> {
  if (asked === undefined) throw new Error('a spec without what is examined');
  const session = await openDuckDb({ memoryLimit: `${limits.memoryMb}MiB`, threads: limits.threads, tempDir });
  try {
    return await examine(session, dataDir, asked, deep);
  } finally {
    await session.close();
  }
}

function compareWith(spec: CompareSpec, examined: Examined | null, remainder: Remainder): Promise<Reconciled['views']> {
  return compareViews(spec, (view) => ({
    rows: new Map([...(examined?.rows ?? [])].map(([cause, rows]) => [cause, rows.get(view) ?? new Map()])),
    remainder,
  }));
}

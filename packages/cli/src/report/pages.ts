/** Answers of the API in pages, followed to their end. */
import type { Meta } from '@tributary/contract/shapes/meta';
import type { ApiClient, Query } from '../api-client.ts';

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  readonly meta: Meta;
}

export interface AllRows<Row, P> {
  readonly rows: Row[];
  /** The first page; its `meta` is of all. */
  readonly first: P;
  /** There are more rows than `mostPages` hold. */
  readonly isCut: boolean;
}

export async function allPages<Row, P extends Page<Row>>(
  api: ApiClient,
  path: string,
  query: Query,
  mostPages: number,
): Promise<AllRows<Row, P>> {
  const first = await api.get<P>(path, query);
  const rows = [...first.rows];
  let meta = first.meta;
  let cursor = first.nextCursor;
  for (let page = 1; cursor !== null && page < mostPages; page++) {
    const next = await api.get<P>(path, { ...query, cursor });
    rows.push(...next.rows);
    meta = metaOfBoth(meta, next.meta);
    cursor = next.nextCursor;
  }
  return { rows, first: { ...first, meta }, isCut: cursor !== null };
}

/** The meta of an answer beside which another one is shown: what that one lacks, both lack. What it merely notes is not of the first. */
export function metaBeside(meta: Meta, beside: { readonly meta: Meta } | null | undefined): Meta {
  return beside === null || beside === undefined || beside.meta.complete ? meta : metaOfBoth(meta, beside.meta);
}

/** Pages are computed one after the other: what any of them lacks, the rows together lack. */
function metaOfBoth(meta: Meta, next: Meta): Meta {
  const both = <T>(of: readonly T[] = [], others: readonly T[] = []) => [...new Set([...of, ...others])];
  return {
    ...meta,
    complete: meta.complete && next.complete,
    reasons: both(meta.reasons, next.reasons),
    warnings: both(meta.warnings, next.warnings),
  };
}

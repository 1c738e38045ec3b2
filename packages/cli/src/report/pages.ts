/** Answers of the API in pages, followed to their end. */
import type { Meta } from '@tributary/contract/meta';
import type { ApiClient, Query } from '../api-client.ts';

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  readonly meta: Meta;
}

export interface AllRows<Row, P> {
  readonly rows: Row[];
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
  let cursor = first.nextCursor;
  for (let page = 1; cursor !== null && page < mostPages; page++) {
    const next = await api.get<P>(path, { ...query, cursor });
    rows.push(...next.rows);
    cursor = next.nextCursor;
  }
  return { rows, first, isCut: cursor !== null };
}

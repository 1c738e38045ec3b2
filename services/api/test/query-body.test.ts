/** Bodies of queries: bytes that are moved within a buffer which had other answers before. */
import type { Event } from '@tributary/model/event';
import { encodeEvent } from '@tributary/model/event';
import { clearPlaces, createPlaces } from '@tributary/store/records/signals';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBodyPool } from '../src/http/body-pool.ts';
import { cutTo, placeSignals, queryBody, userBody } from '../src/http/signals-body.ts';

/** Bytes of a page: with them records are small, or larger than what is moved. */
const LONGEST_PAGE = 4_000;

const aRecord = fc.option(
  fc.array(
    fc.record({
      ts: fc.integer({ min: 1, max: 50 }),
      type: fc.constantFrom('view', 'buy', 'größe'),
      page: fc.integer({ min: 0, max: LONGEST_PAGE }).map((length) => '/'.padEnd(length, 'ä')),
    }),
    { maxLength: 30 },
  ),
  { nil: null },
);

test('law 7: the body of a query has the signals of each record as they are, however many and large they are', () => {
  const places = createPlaces();
  const pool = createBodyPool();
  fc.assert(
    fc.property(
      fc.array(aRecord, { maxLength: 6 }),
      fc.integer({ min: 1, max: 25 }),
      fc.option(fc.subarray(['view', 'buy'], { minLength: 1 }), { nil: undefined }),
      (given, limit, names) => {
        clearPlaces(places);
        const selection = { limit: limit + 1, ...(names !== undefined && { names: new Set<string>(names) }) };
        const all = given.map((raws, u): Event[] | null =>
          raws === null
            ? null
            : raws.map((raw, i) => ({
                ...raw,
                id: `${u}-${String(i).padStart(3, '0')}`,
                userId: `ü${u}`,
                receivedAt: 60,
                source: 's',
              })),
        );
        const users = all.map((events, u) => {
          const record = events === null ? null : Buffer.from(events.map((event) => `${encodeEvent(event)}\n`).join(''));
          return cutTo(limit, placeSignals(`ü${u}`, record, selection, places));
        });
        const { body, release } = queryBody({ users, places }, '{"complete":true}', pool, () => {});
        const expected = all.map((events, u) => {
          const kept = (events ?? [])
            .filter(({ type }) => names === undefined || names.some((name) => name === type))
            .sort((a, b) => b.ts - a.ts || (a.id < b.id ? 1 : -1));
          return {
            userId: `ü${u}`,
            status: events === null ? 'NOT_FOUND' : 'PRESENT',
            signals: kept.slice(0, limit),
            hasMore: kept.length > limit,
          };
        });
        expect(JSON.parse(body.toString())).toEqual({ results: expected, meta: { complete: true } });
        release();
      },
    ),
    { numRuns: 300 },
  );
});

test('law 7: answers about one user have their signals as they are, however large, and stay so when others are made', () => {
  const places = createPlaces();
  const answers = [0, 10, 1_000, 4_000, 4_010, 4_020, 4_060, 20_000].map((length, u) => {
    const events = [0, 1, 2, 3, 4, 5, 6, 7].map(
      (i): Event => ({
        ts: 9 - i,
        type: 'view',
        id: `e${i}`,
        userId: `u${u}`,
        receivedAt: 60,
        source: 's',
        page: '/'.padEnd(length, 'a'),
      }),
    );
    clearPlaces(places);
    const record = Buffer.from(events.map((event) => `${encodeEvent(event)}\n`).join(''));
    const user = cutTo(20, placeSignals(`u${u}`, record, { limit: 21 }, places));
    return { events, bytes: record.length, body: userBody(user, places, null, '{"complete":true}', () => {}) };
  });
  // As large as records are that come behind their answer: both take more than what small answers are made in.
  expect(answers.filter(({ bytes }) => bytes > 32_600 && bytes <= 32_768)).not.toEqual([]);
  for (const [u, { events, body }] of answers.entries())
    expect(JSON.parse(body.toString())).toEqual({
      userId: `u${u}`,
      status: 'PRESENT',
      signals: events,
      nextCursor: null,
      meta: { complete: true },
    });
});

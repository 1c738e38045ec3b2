/** What definitions count over all users, and members by day, on the page of signals: the figures are those of the API. */
import { expect } from 'vitest';
import { count, percent } from '../../packages/console/src/app/parts/format.ts';
import { type ConsoleInChromium, HOSTILE } from './console-in-chromium.ts';

interface Counted {
  readonly value: string;
  readonly events: number;
  readonly lastDay: string;
}
interface Day {
  readonly day: string;
  readonly entered: number;
  readonly left: number;
  readonly members: number;
  readonly over: boolean;
}

const LONGEST = 60;

export async function countedAsTheApi({
  page,
  open,
  settled,
  answer,
  cellsOf,
  tableOf,
  shoot,
}: ConsoleInChromium): Promise<void> {
  await open('signals');
  const { counts } = await answer('/v1/counts');
  expect((await cellsOf('Counts over all users')).map(([name, says]) => [name, says])).toEqual(
    counts.map(({ name, says }: { name: string; says: string }) => [name, says]),
  );
  for (const name of ['anything', 'clicked']) {
    await page.getByRole('link', { name, exact: true }).click();
    await settled();
    expect(new URL(page.url()).searchParams.get('count')).toBe(name);
    // The first is of the last 30 days, as the page begins.
    if (name === 'clicked') await page.getByRole('radio', { name: 'All', exact: true }).last().check();
    await settled();
    const range = name === 'clicked' ? '' : '&from=2026-10-22&to=2026-11-21';
    const top = await answer(`/v1/counts/${name}?limit=50${range}`);
    const shown = await cellsOf('Values with the most events');
    expect(shown.map(([, ...cells]) => cells)).toEqual(
      top.rows.map(({ events, lastDay }: Counted) => [count(events), percent(events / top.total), lastDay]),
    );
    const short = top.rows.map(({ value }: Counted) => value).filter((value: string) => value.length <= LONGEST);
    for (const value of short) expect(shown.map(([first]) => first)).toContain(value);
    expect(await tableOf('Values with the most events').locator('tfoot').textContent()).toContain(count(top.total));
    if (name === 'anything') {
      expect(top.withoutValue).toBeGreaterThan(0);
      await page.getByText(`Besides: ${count(top.withoutValue)} without a value.`).waitFor();
      for (const harm of HOSTILE) expect(short).toContain(harm);
    }
  }

  // The address may say another layer than a reader saw last: the page says which, and its figures are of that.
  await open('signals?count=clicked&days=all&layer=batch');
  expect(await page.getByRole('radio', { name: 'Batch alone', checked: true }).count()).toBe(1);
  const batch = await answer('/v1/counts/clicked?limit=50&layer=batch');
  expect(await tableOf('Values with the most events').locator('tfoot').textContent()).toContain(count(batch.total));
  await open('signals?count=clicked&days=all');
  await shoot('counts');
  await open('signals?name=buyer');
  const { rows } = await answer('/v1/segments/buyer/counts');
  await page.getByText('As a table').last().click();
  const days = [...rows].reverse() as Day[];
  expect(await cellsOf('Members by day')).toEqual(
    days.map(({ day, entered, left, members }) => [day, count(entered), count(left), count(members)]),
  );
  expect(days[0]).toMatchObject({ over: false });
  expect(days[0]?.members).toBeGreaterThan(0);
  const ends = await page.locator('.column title').allTextContents();
  expect(ends.map((title) => title.endsWith(', may still change'))).toEqual(rows.map(({ over }: Day) => !over));
  await shoot('members-by-day');
}

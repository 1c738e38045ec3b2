/** The preview of definitions in the console, over the world of its tests, for an admin: its form, its answer, and each state that this can be in. */
import { expect } from 'vitest';
import { money } from '../../packages/console/src/app/parts/format.ts';
import { ADMIN } from '../../services/api/test/world.ts';
import { type ConsoleInChromium, HOSTILE } from './console-in-chromium.ts';

interface Previewed {
  readonly name: string;
  readonly differing: number;
}

type OfPreview = Readonly<Record<string, { readonly value: number | null }>>;
interface PreviewedUser {
  readonly userId: string;
  readonly values: OfPreview;
  readonly inForce: OfPreview;
}

export async function previewedAsTheApi(on: ConsoleInChromium): Promise<void> {
  const { world, page, open, answer, cellsOf, expectNoFaults, stickingOut, shoot } = on;
  const before = await answer('/v1/signals/definitions');
  await open('signals');
  await page.getByRole('link', { name: 'Preview others' }).click();
  const written = page.getByLabel('Definitions, as JSON or YAML');
  const definitions = JSON.parse(await written.inputValue());
  expect(Object.keys(definitions.signals)).toEqual(['clicks2d', 'lastPage', 'spend']);
  expect((await page.getByLabel('Users, one a line').inputValue()).split('\n').length).toBe(20);
  await expectNoFaults('the form of a preview');
  definitions.signals.clicks2d.window = '20d';
  definitions.signals.first = { first: '*.channel' };
  delete definitions.segments;
  const users = ['u5', 'u7', HOSTILE[0] as string, 'unknown'];
  await page.getByLabel('Users, one a line').fill(users.join('\n'));
  const preview = async (text: string) => {
    await written.fill(text);
    await page.getByRole('button', { name: 'Preview', exact: true }).click();
  };
  const released = Promise.withResolvers<void>();
  await page.route('**/v1/signals/preview', (route) => released.promise.then(() => route.continue()));
  await preview(JSON.stringify(definitions));
  await page.locator('[aria-busy="true"] .waiting').waitFor();
  released.resolve();
  await page.getByRole('heading', { name: 'Values that differ' }).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  const asked = { definitions: JSON.stringify(definitions), users };
  const { body } = await world.post('/v1/signals/preview', asked, ADMIN);
  const differing = new Map(body.definitions.map((one: Previewed) => [one.name, `${one.differing} of 4`]));
  expect((await cellsOf('What would change')).map(([name, change, many]) => [name, change, many])).toEqual(
    [
      ['clicks2d', 'changed'],
      ['first', 'new'],
      ['buyer', 'removed'],
      ['lastPage', 'same'],
      ['spend', 'same'],
      ['web', 'same'],
    ].map(([name = '', change]) => [name, change, differing.get(name)]),
  );
  const shown = (await cellsOf('Values of these users')).filter(([name]) => name === 'clicks2d');
  const changed = body.results.filter((one: PreviewedUser) => one.values['clicks2d']?.value !== one.inForce['clicks2d']?.value);
  expect(changed.length).toBeGreaterThan(1);
  expect(shown.map(([, ...cells]) => cells)).toEqual(
    changed.map(({ userId, values, inForce }: PreviewedUser) => [
      ...[userId, String(inForce['clicks2d']?.value), String(values['clicks2d']?.value)],
    ]),
  );
  expect(new URL(page.url()).searchParams.get('users')).toBe(users.join('\n'));
  await page.getByRole('button', { name: 'All values' }).click();
  const all = await cellsOf('Values of these users');
  expect(all).toHaveLength(6 * 4);
  const spent = body.results.map(({ userId, values, inForce }: PreviewedUser) => [
    ...[userId, money(inForce['spend']?.value, 'EUR'), money(values['spend']?.value, 'EUR')],
  ]);
  expect(all.filter(([name]) => name === 'spend').map(([, ...cells]) => cells)).toEqual(spent);
  await page.setViewportSize({ width: 390, height: 844 });
  expect([await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), await stickingOut()]).toEqual([0, []]);
  await page.setViewportSize({ width: 1280, height: 900 });
  await expectNoFaults('a preview');
  await shoot('preview');
  await preview('signals:\n  a: { count: search, window: 1y }');
  await page.getByText('Definitions, line 2, column 23, at signals.a.window must be').waitFor();
  await page.route('**/v1/signals/preview', (route) =>
    route.fulfill({ json: { ...body, definitions: [], results: [], partial: false } }),
  );
  await preview('{}');
  await page.getByRole('heading', { name: 'Nothing is defined, there or in force' }).waitFor();
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  expect(await answer('/v1/signals/definitions')).toEqual(before);
}

/** Schedules over HTTP: who may set them, and what is answered. */
import { SCHEDULE_ROUTES } from '@tributary/contract/groups/schedules';
import { expect, test } from 'vitest';
import { ADMIN, createWorld, NOON } from './world.ts';

const NIGHTLY = { cron: '30 3 * * *', timeZone: 'Europe/Berlin', mode: 'full', promote: { below: 0.005 }, catchUp: 'skip' };

test('a schedule is set, paused, resumed and removed, with who did it; a read key sees it and changes nothing', async () => {
  const world = await createWorld();
  const set = await world.post('/v1/schedules/nightly', NIGHTLY, ADMIN);
  expect(SCHEDULE_ROUTES.setSchedule.answer.parse(set.body)).toEqual(set.body);
  // 3:30 of the next morning in Berlin.
  expect(set.body.schedule).toMatchObject({ ...NIGHTLY, name: 'nightly', everyMs: null, next: [NOON + 14.5 * 3_600_000] });
  expect((await world.post('/v1/schedules/nightly/pause', {}, ADMIN)).body.schedule).toMatchObject({ paused: true, next: [] });
  expect((await world.get('/v1/schedules')).body.schedules).toHaveLength(1);
  expect((await world.post('/v1/schedules/nightly/resume', {}, ADMIN)).body.schedule).toMatchObject({ paused: false });
  for (const path of ['', '/pause', '/resume'])
    expect((await world.post(`/v1/schedules/nightly${path}`, path === '' ? NIGHTLY : {})).body.code).toBe('forbidden');
  const removed = await world.app.inject({
    method: 'DELETE',
    url: '/v1/schedules/nightly',
    headers: { authorization: ADMIN },
  });
  expect(removed.json()).toEqual({ removed: 'nightly' });
  expect((await world.post('/v1/schedules/nightly/pause', {}, ADMIN)).status).toBe(404);
});

/** Retention by age over HTTP: planned, confirmed as planned, refused where it would take what is looked back on, and noted with who asked. */
import { ArchiveRetirementsAnswer, RetireArchiveAnswer } from '@tributary/contract/groups/archive-retirements';
import { beforeEach, expect, test } from 'vitest';
import { createWorld, type World } from './world.ts';

const ADMIN = 'Bearer ta_admin_x';
const PATH = '/v1/archive-retirements';
let world: World;
beforeEach(async () => {
  world = await createWorld();
  await world.cut(1);
  await world.publish(1);
  await world.tick();
});
const post = (body: object) => world.post(PATH, body, ADMIN);

test('a plan changes nothing; a request repeats what it says, and the next one waits for it', async () => {
  const planned = await post({ olderThanDays: 400, dryRun: true });
  const { plan, retirement } = RetireArchiveAnswer.parse(planned.body);
  expect(retirement).toBeNull();
  expect(plan.files).toBeGreaterThan(0);
  expect((await world.get(PATH)).body).toEqual({ retiredBefore: null, retirements: [] });
  for (const confirm of [undefined, '2020-01-01/1']) {
    const { status, body } = await post({ olderThanDays: 400, ...(confirm !== undefined && { confirm }) });
    expect([status, body.code]).toEqual([409, 'conflict']);
    expect(body.detail).toContain(`confirm must be "${plan.confirm}"`);
  }
  const asked = RetireArchiveAnswer.parse((await post({ olderThanDays: 400, confirm: plan.confirm, why: ' as agreed ' })).body);
  expect(asked.retirement).toMatchObject({ number: 1, state: 'waiting', rows: plan.rows, why: 'as agreed', by: 'key ta_admin' });
  expect(ArchiveRetirementsAnswer.parse((await world.get(PATH)).body).retirements).toEqual([asked.retirement]);
  expect(world.actions.at(-1)).toContain('archived events are to be retired');
  const second = await post({
    olderThanDays: 399,
    confirm: (await post({ olderThanDays: 399, dryRun: true })).body.plan.confirm,
  });
  expect([second.status, second.body.detail]).toEqual([409, expect.stringContaining('retirement 1 must end first')]);
});

test('law 1: what records, windows and lateness look back on is not retired', async () => {
  const { status, body } = await post({ olderThanDays: 2, dryRun: true });
  expect([status, body.code]).toEqual([400, 'invalid_query']);
  const [, least] = /olderThanDays must be at least (\d+), as .* of generation 1, which is kept/.exec(body.detail) ?? [];
  expect((await post({ olderThanDays: Number(least) - 1, dryRun: true })).status).toBe(400);
  expect((await post({ olderThanDays: Number(least), dryRun: true })).status).toBe(200);
  world.deps.retirements.limit = async () => ({ generation: 1, never: 'its definitions join keys', newestBefore: 0 });
  expect((await post({ olderThanDays: 5_000, dryRun: true })).body.detail).toBe(
    'its definitions join keys. Keep the archive whole',
  );
});

test('where nothing is old enough, or nothing is published, nothing is asked for', async () => {
  const { plan } = (await post({ olderThanDays: 5_000, dryRun: true })).body;
  expect((await post({ olderThanDays: 5_000, confirm: plan.confirm })).body.detail).toContain(
    'the archive has none that may go now',
  );
  const fresh = await createWorld();
  expect((await fresh.post(PATH, { olderThanDays: 400, dryRun: true }, ADMIN)).body.detail).toContain('must be published');
});

test('a reader sees what was retired, and retires nothing', async () => {
  expect((await world.post(PATH, { olderThanDays: 400, dryRun: true })).status).toBe(403);
  expect((await world.get(PATH)).status).toBe(200);
});

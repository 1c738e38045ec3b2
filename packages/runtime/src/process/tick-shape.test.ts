import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { keepTickShape } from './tick-shape.ts';

/** What ticks cost after collections of the whole heap, divided by what they cost before. V8 clears shapes in steps: once is not enough. */
const MEASURED = `
const { keepTickShape } = await import(process.argv[1]);
keepTickShape();
const ticks = (left) => new Promise((done) => {
  const next = () => (--left === 0 ? done() : process.nextTick(next));
  process.nextTick(next);
});
async function micros() {
  const before = process.cpuUsage();
  await ticks(300_000);
  return process.cpuUsage(before).user;
}
await micros();
const first = Math.min(await micros(), await micros());
for (let i = 0; i < 6; i++) {
  await new Promise((done) => setTimeout(done, 1));
  gc();
  if (i % 2 === 1) await micros();
}
console.log(Math.min(await micros(), await micros()) / first);
`;

test('Node makes an object for each tick, which a hook is shown', () => {
  expect(keepTickShape()).toBe(true);
});

test('ticks cost as much after collections of the whole heap as before; without one that is kept, five times as much', async () => {
  const file = new URL('tick-shape.ts', import.meta.url).href;
  const args = ['--expose-gc', '--input-type=module', '--eval', MEASURED, file];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(Number(stdout)).toBeLessThan(2.5);
});

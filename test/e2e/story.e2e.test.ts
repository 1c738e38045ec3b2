import { expect, test } from 'vitest';
import { runStory } from './run-story.ts';

test('the story holds with the log in Redis Streams', async () => {
  const { code, output } = await runStory([]);
  expect(code, output).toBe(0);
  expect(output).toContain('The story holds');
});

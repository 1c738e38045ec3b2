import { missingKafka } from '@tributary/testkit/kafka/for-tests';
import { expect, test } from 'vitest';
import { runStory } from './run-story.ts';

const missing = await missingKafka('the story on Kafka (test/e2e/story.kafka.test.ts)');

test.skipIf(missing !== null)(
  'the story holds with the log in Kafka, where keys are joined, each role is killed and a person is erased to the last byte',
  async () => {
    const { code, output } = await runStory(['--kafka']);
    expect(code, output).toBe(0);
    expect(output).toContain('The story holds');
  },
  480_000,
);

import { describe } from 'vitest';
import { testTruncatedAof } from './truncated-aof.ts';

describe('law 1: state and position go back together, the log in the same Redis', () => {
  testTruncatedAof(() => ({}));
});

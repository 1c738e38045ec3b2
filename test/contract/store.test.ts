import { describeFeedContract } from '@tributary/testkit/feed-contract';
import { describeOutboxContract } from '@tributary/testkit/outbox-contract';
import { describeRetirementContract } from '@tributary/testkit/retirement-contract';
import { describeStoreContract } from '@tributary/testkit/store-contract';
import { memoryStore } from './stores.ts';

describeStoreContract('memory', memoryStore);
describeFeedContract('memory', memoryStore);
describeOutboxContract('memory', memoryStore);
describeRetirementContract('memory', memoryStore);

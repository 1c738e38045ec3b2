import { describeErasureContract } from '@tributary/testkit/contracts/erasure-contract';
import { describeFeedContract } from '@tributary/testkit/contracts/feed-contract';
import { describeMembersContract } from '@tributary/testkit/contracts/members-contract';
import { describeOutboxContract } from '@tributary/testkit/contracts/outbox-contract';
import { describeRetirementContract } from '@tributary/testkit/contracts/retirement-contract';
import { describeStoreContract } from '@tributary/testkit/contracts/store-contract';
import { memoryStore } from './stores.ts';

describeStoreContract('memory', memoryStore);
describeFeedContract('memory', memoryStore);
describeOutboxContract('memory', memoryStore);
describeErasureContract('memory', memoryStore);
describeMembersContract('memory', memoryStore);
describeRetirementContract('memory', memoryStore);

/** All targets, in the order in which `npm run fuzz -- all` tries them. */
import type { Target } from '../support/target.ts';
import { deflate } from './deflate.ts';
import { differential } from './differential.ts';
import { eventLoop } from './event-loop.ts';
import { extensions } from './extensions.ts';
import { bytes, head } from './guided.ts';
import { handshake } from './handshake.ts';
import { model } from './model.ts';
import { reentrancy } from './reentrancy.ts';
import { promiseApplication } from './promise-application.ts';
import { roundtrip } from './roundtrip.ts';
import { garbage } from './garbage.ts';
import { hostileApplication } from './hostile-application.ts';
import { sharedResources } from './shared-resources.ts';
import { split } from './split.ts';
import { streaming } from './streaming.ts';
import { topics } from './topics.ts';
import { utf8 } from './utf8.ts';

export const TARGETS: readonly Target[] = [
  split,
  streaming,
  garbage,
  roundtrip,
  model,
  reentrancy,
  eventLoop,
  hostileApplication,
  promiseApplication,
  sharedResources,
  handshake,
  extensions,
  utf8,
  deflate,
  bytes,
  head,
  differential,
  topics,
];

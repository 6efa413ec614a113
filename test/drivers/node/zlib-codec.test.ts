import { describe } from 'vitest';
import { createZlibCodec } from '../../../drivers/node/zlib-codec.ts';
import { describeDeflateCodec } from '../../support/deflate-codec-suite.ts';

describe('on handles', () => describeDeflateCodec(createZlibCodec()));
describe('on few handles', () => describeDeflateCodec(createZlibCodec({ maxContexts: 1 })));
describe('on the public API', () => describeDeflateCodec(createZlibCodec({ publicApiOnly: true })));

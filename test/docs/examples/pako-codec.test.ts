import { describe } from 'vitest';
import { pakoCodec } from '../../../docs/examples/pako-codec.ts';
import { describeDeflateCodec } from '../../support/deflate-codec-suite.ts';

describe('the codec on pako', () => describeDeflateCodec(pakoCodec));

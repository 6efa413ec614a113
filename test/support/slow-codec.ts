import { createZlibCodec } from '../../drivers/node/zlib/codec.ts';
import type { Network } from '../../drivers/pipe/index.ts';
import type { DeflateCodec } from '../../protocol/index.ts';

const zlib = createZlibCodec();

export interface Slow {
  codec: DeflateCodec;
  /** Lengths of what was deflated later, in the order in which that began. */
  begun: number[];
  /** The most that were under way at once. */
  most: () => number;
}

/** The codec of node:zlib, but that it is the network's clock that says when a message is deflated, and not libuv. */
export function slowly(network: () => Pick<Network, 'clock'>, delays: readonly number[] = [50]): Slow {
  const begun: number[] = [];
  let underWay = 0;
  let most = 0;
  return {
    begun,
    most: () => most,
    codec: {
      createDeflater: (params) => zlib.createDeflater(params),
      createInflater: (params) => zlib.createInflater(params),
      deflateLater(bytes, params, done) {
        const { clock } = network();
        most = Math.max(most, ++underWay);
        begun.push(bytes.length);
        clock.carryAt(clock.now() + delays[begun.length % delays.length], () => {
          const deflater = zlib.createDeflater(params);
          const deflated = new Uint8Array(deflater.deflate(bytes));
          deflater.release();
          underWay--;
          done(deflated);
        });
      },
    },
  };
}

import * as asyncContext from './async-context.ts';
import * as nativeText from './native-text.ts';
import * as peerAddress from './peer-address.ts';
import * as readAgain from './read-again.ts';
import * as readInto from './read-into.ts';
import * as requestSocket from './request-socket.ts';
import { resources } from './resources.ts';
import { WasmMasker } from './wasm-masker.ts';
import * as zlibHandle from './zlib-handle.ts';

/**
 * What is used of Node that is not documented, or that not every machine has, by the name of its file, each with whether
 * this process has it. docs/design/adr/0013-what-node-does-not-document.md says what takes its place where it isn't there.
 */
export function describeSeams(): Readonly<Record<string, boolean>> {
  return {
    'async-context': asyncContext.works(),
    'native-text': nativeText.works(),
    'peer-address': peerAddress.works(),
    'read-again': readAgain.works(),
    'read-into': readInto.works(),
    'request-socket': requestSocket.works(),
    'wasm-masker': resources.masker instanceof WasmMasker,
    'zlib-handle': zlibHandle.works(),
  };
}

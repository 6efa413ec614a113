/**
 * What the drivers in this repository use of the core beside its public door, `index.ts`. Nothing here is exported from the
 * package, and any of it may change.
 */
export { isError, printable } from './errors.ts';
export { INSPECT, type Inspect } from './inspect.ts';
export { byteLengthOf, checkFin, isBytes, toBytes } from './data.ts';
export { resolveConduct } from './conduct.ts';
export { resolveLimit, resolveLimits } from './limits.ts';
export {
  always,
  ANYTHING,
  BOOLEAN,
  booleanOr,
  checkOptions,
  FUNCTION,
  LIMIT,
  nameOf,
  NUMBER,
  OBJECT,
  oneOf,
  optionsOf,
  type OptionKind,
  type OptionTable,
  ORIGINS,
  PATHS,
  PORT,
  SIGNAL,
  STRING,
  STRING_OR_URL,
  STRINGS,
  withMethods,
} from './option-check.ts';
export { checkMethodNames, checkMethods, type MethodTable } from './method-names.ts';
export { COMPRESS, makeDeflate } from './options.ts';
export { CODEC } from './permessage-deflate/codec.ts';
export { CONDUCT_OPTIONS } from './conduct.ts';
export { LIMIT_OPTIONS } from './limits.ts';
export { defaultRandom } from './random.ts';
export { decodeShortAscii, SHORT_ASCII } from './text/short-ascii.ts';
export { Copies, joinBytes, withRoom } from './memory/copies.ts';
export { ASCII_SLACK, decodeThrough, portableText } from './text/text-codec.ts';
export { portableSha1 } from './handshake/accept-key.ts';
export { pathOfTarget } from './handshake/http1/request-line.ts';
export { TunnelHandshake, type TunnelOptions } from './handshake/http1/tunnel.ts';
export { isHttp2Preface } from './handshake/http2/extended-connect.ts';
export { ServerPolicy } from './handshake/server-policy.ts';
export { REJECTION_OPTIONS, UNAVAILABLE } from './handshake/rejection.ts';
export { isToken } from './handshake/grammar.ts';
export { isLate, verdictOf } from './handshake/verdict.ts';
export { MAX_REASON } from './closing/close-payload.ts';
export { MAX_CONTROL_PAYLOAD, MAX_HEADER } from './framing/opcodes.ts';
export { PermessageDeflate } from './permessage-deflate/permessage-deflate.ts';
export { SlidingWindow } from './permessage-deflate/sliding-window.ts';
export { PortableMasker } from './framing/masking.ts';

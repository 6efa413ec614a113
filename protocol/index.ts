export {
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  ProtocolError,
  TimeoutError,
  WebSocketError,
} from './errors.ts';
export type { FailedResponse, HandshakeErrorInit, WebSocketErrorInit } from './errors.ts';
export type { CloseFrame, CloseInfo } from './closing/close-info.ts';
export type {
  ExtensionElement,
  ExtensionNegotiator,
  HeaderFields,
  HeaderInit,
  Opening,
  Rejection,
  RequestHead,
  ResponseHead,
  UpgradeRequest,
} from './handshake/types.ts';
export { DEFAULT_LIMITS, resolveLimits } from './limits.ts';
export type { LimitOptions, Limits } from './limits.ts';
export type { Sink } from './sink.ts';

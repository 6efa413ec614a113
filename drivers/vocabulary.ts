/** What the faces of all drivers name of the core: every entry of a driver exports all of it. */
export {
  ConnectionLostError,
  HandshakeError,
  InvalidStateError,
  ProtocolError,
  TimeoutError,
  WebSocketError,
} from '../protocol/index.ts';
export type {
  BytesLike,
  CloseFrame,
  CloseInfo,
  CompressOptions,
  FailedResponse,
  HandshakeErrorInit,
  HeaderFields,
  HeaderInit,
  LimitOptions,
  PlainRequest,
  Rejection,
  RequestHead,
  ResponseHead,
  UpgradeRequest,
  WebSocketErrorInit,
} from '../protocol/index.ts';

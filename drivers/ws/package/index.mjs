import WebSocket from 'sansocket/ws';

export const { createWebSocketStream, extension, Sender, Server, subprotocol, WebSocketServer } = WebSocket;
export { WebSocket };
export default WebSocket;

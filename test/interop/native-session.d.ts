import type { fromWebSocket, open } from '../../drivers/native/index.ts';

export function session(api: { open: typeof open; fromWebSocket: typeof fromWebSocket }, url: string): Promise<object>;

import * as main from 'sansocket';
import * as native from 'sansocket/native';
import * as node from 'sansocket/node';
import * as pipe from 'sansocket/pipe';
import * as protocol from 'sansocket/protocol';
import * as web from 'sansocket/web';

export const all: object[] = [main, native, node, pipe, protocol, web];

import * as main from 'sansocket';
import * as native from 'sansocket/native';
import * as node from 'sansocket/node';
import * as pipe from 'sansocket/pipe';
import * as protocol from 'sansocket/protocol';
import * as topics from 'sansocket/topics';
import * as client from 'sansocket/topics/client';
import * as nats from 'sansocket/topics/nats';
import * as redis from 'sansocket/topics/redis';
import * as web from 'sansocket/web';
import * as ws from 'sansocket/ws';

export const all: object[] = [main, native, node, pipe, protocol, topics, client, nats, redis, web, ws];

/** Perl, Ruby, Lua, Tcl. */
import { NO_1012 } from './advice.ts';
import { script, type Stack } from './stack.ts';

export const SCRIPTS: readonly Stack[] = [
  script('Mojolicious', ['/usr/bin/perl'], 'mojo-peer.pl', ['libmojolicious-perl']),
  script('AnyEvent::WebSocket::Client', ['/usr/bin/perl'], 'anyevent-peer.pl', ['libanyevent-websocket-client-perl'], {
    roles: ['client'],
    advice: 'its Close frames say 1005: every end is unclean, with 1002 told in `error`',
  }),
  script('Protocol::WebSocket', ['/usr/bin/perl'], 'protocol-websocket-peer.pl', ['libprotocol-websocket-perl'], {
    advice: 'send it at most 128 fragments a message',
  }),
  script('websocket-driver (Ruby)', ['/usr/bin/ruby'], 'websocket-driver-peer.rb', ['ruby-websocket-driver', 'ruby'], {
    advice: NO_1012,
  }),
  script('em-websocket', ['/usr/bin/ruby'], 'em-websocket-peer.rb', ['ruby-em-websocket', 'ruby'], {
    roles: ['server'],
  }),
  script('faye (Ruby)', ['/usr/bin/ruby'], 'faye-peer.rb', ['ruby-faye-websocket', 'ruby'], {
    roles: ['client'],
    advice: NO_1012,
  }),
  script('lua-http', ['/usr/bin/lua5.1'], 'lua-http-peer.lua', ['lua-http', 'lua5.1'], { advice: NO_1012 }),
  script('tcllib', ['/usr/bin/tclsh'], 'tcllib-peer.tcl', ['tcllib', 'tcl'], {
    roles: ['client'],
    advice:
      'it sends no Close frame, ever: 1006; without a subprotocol its field is empty, and it is answered with 400',
  }),
];

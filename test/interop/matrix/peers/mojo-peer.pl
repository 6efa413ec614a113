use Mojo::Base -strict, -signatures;
use Mojo::IOLoop;
use Mojo::Server::Daemon;
use Mojo::UserAgent;
use Mojo::WebSocket qw(WS_PING WS_TEXT WS_CONTINUATION);

$| = 1;
my @protocols = split /,/, $ENV{PROTOCOLS} // '';

sub serve ($tx) {
  $tx->max_websocket_size($ENV{LIMIT});
  $tx->on(binary => sub ($tx, $bytes) { $tx->send({binary => $bytes}) });
  $tx->on(frame => sub ($tx, $frame) { $tx->send("pong $frame->[5]") if $frame->[4] == 10 && length $frame->[5] });
  $tx->on(finish => sub ($tx, $code, $reason = '') { say "closed $code ", $reason // '' });
  $tx->on(
    text => sub ($tx, $bytes) {
      my $text = Mojo::Util::decode('UTF-8', $bytes);
      return $tx->send({text => $bytes}) unless $text =~ s/^!//;
      my ($command, $rest) = split / /, $text, 2;
      if ($command eq 'close') { my ($code, $reason) = split / /, $rest // '', 2; $tx->finish(grep {defined} $code, $reason) }
      elsif ($command eq 'ping')     { $tx->send([1, 0, 0, 0, WS_PING, $rest]) }
      elsif ($command eq 'protocol') { $tx->send($tx->protocol // '') }
      elsif ($command eq 'abort')    { Mojo::IOLoop->remove($tx->connection) }
      elsif ($command eq 'fragments') {
        $tx->send([0, 0, 0, 0, WS_TEXT, 'one '])->send([0, 0, 0, 0, WS_CONTINUATION, 'two '])
          ->send([1, 0, 0, 0, WS_CONTINUATION, 'three']);
      }
      else { $tx->send("can't") }
    }
  );
}

if ($ARGV[0] eq 'server') {
  require Mojolicious::Lite;
  Mojolicious::Lite->import;
  app()->log->level('fatal');
  websocket('/*any' => {any => ''} => sub ($c) { $c->tx->with_protocols(@protocols) if @protocols; $c->tx->with_compression; $c->rendered(101); serve($c->tx) });
  my $daemon = Mojo::Server::Daemon->new(app => app(), listen => ['http://127.0.0.1'], silent => 1, inactivity_timeout => 0);
  $daemon->start;
  say 'port ', $daemon->ports->[0];
  Mojo::IOLoop->start;
}
my $ua = Mojo::UserAgent->new(inactivity_timeout => 0);
my $connect;
$connect = sub {
  $ua->websocket(
    $ARGV[1] => {} => \@protocols => sub ($ua, $tx) {
      return Mojo::IOLoop->timer(0.2 => $connect) unless $tx->is_websocket;
      serve($tx);
      $tx->on(finish => sub { Mojo::IOLoop->next_tick($connect) });
    }
  );
};
$connect->();
Mojo::IOLoop->start;

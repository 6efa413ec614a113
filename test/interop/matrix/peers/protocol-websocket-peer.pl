# Protocol::WebSocket over a plain socket, both roles: protocol-websocket-peer.pl server|client URL
use strict;
use warnings;
use IO::Socket::INET;
use Protocol::WebSocket::Frame;
use Protocol::WebSocket::Handshake::Client;
use Protocol::WebSocket::Handshake::Server;

$| = 1;
$SIG{PIPE} = $SIG{CHLD} = 'IGNORE';
my $client = $ARGV[0] eq 'client';
my ($offered) = split /,/, $ENV{PROTOCOLS} // '';

sub serve {
  my ($io, $hs) = @_;
  my $write = sub {
    my ($bytes, $type) = @_;
    my %what = $type =~ /^\d+$/ ? (opcode => $type) : (type => $type);
    print {$io} Protocol::WebSocket::Frame->new(buffer => $bytes, %what, masked => $client, max_payload_size => 0)->to_bytes;
    $io->flush;
  };
  print {$io} $hs->to_string if $client;
  $io->flush;
  my $frame = Protocol::WebSocket::Frame->new(max_payload_size => $ENV{LIMIT});
  my $ready = 0;
  while (sysread $io, my $bytes, 65536) {
    unless ($ready) {
      return unless defined $hs->parse($bytes);
      next unless $hs->is_done;
      $ready = 1;
      unless ($client) {
        my ($known) = grep { my $n = $_; grep { $_ eq $n } split /,\s*/, $hs->req->subprotocol // '' } split /,/, $ENV{PROTOCOLS} // '';
        $hs->res->subprotocol($known) if defined $known;
        print {$io} $hs->to_string;
        $io->flush;
      }
    }
    $frame->append($bytes);
    while (defined(my $data = eval { $frame->next_bytes })) {
      if ($frame->is_close) {
        print 'closed ', (length $data > 1 ? unpack('n', $data) . ' ' . substr($data, 2) : 1005), "\n";
        $write->($data, 'close');
        return close $io;
      }
      if ($frame->is_ping) { $write->($data, 'pong'); next }
      if ($frame->is_pong) { $write->("pong $data", 'text') if length $data; next }
      if ($frame->is_text && $data =~ s/^!//) {
        my ($command, $rest) = split / /, $data, 2;
        if ($command eq 'close') {
          my ($code, $reason) = split / /, $rest // '', 2;
          $write->(defined $code ? pack('n', $code) . ($reason // '') : '', 'close');
        }
        elsif ($command eq 'ping') { $write->($rest, 'ping') }
        elsif ($command eq 'protocol') { $write->(($client ? $hs->res->subprotocol : $hs->res->subprotocol) // '', 'text') }
        elsif ($command eq 'abort') { return close $io }
        else { $write->("can't", 'text') }
        next;
      }
      $write->($data, $frame->is_text ? 'text' : 'binary');
    }
    if ($@) { print "closed 1009\n"; return close $io }
  }
  print "closed 1006\n";
  close $io;
}

if ($client) {
  my ($host, $port) = $ARGV[1] =~ m{//([^:/]+):(\d+)};
  while (1) {
    my $io = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port) or next;
    serve($io, Protocol::WebSocket::Handshake::Client->new(url => $ARGV[1], defined $offered ? (subprotocol => $offered) : ()));
  }
}
my $server = IO::Socket::INET->new(Listen => 16, LocalAddr => '127.0.0.1', LocalPort => 0);
print 'port ', $server->sockport, "\n";
while (my $io = $server->accept) {
  next if fork;
  serve($io, Protocol::WebSocket::Handshake::Server->new);
  exit;
}

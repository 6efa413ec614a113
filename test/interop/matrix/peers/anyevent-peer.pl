use strict;
use warnings;
use AnyEvent;
use AnyEvent::WebSocket::Client;
use AnyEvent::WebSocket::Message;

$| = 1;
my @protocols = split /,/, $ENV{PROTOCOLS} // '';
while (1) {
  my $client = AnyEvent::WebSocket::Client->new(max_payload_size => $ENV{LIMIT}, @protocols ? (subprotocol => \@protocols) : ());
  my $connection = eval { $client->connect($ARGV[1])->recv } or next;
  my $finished = AE::cv;
  $connection->on(
    each_message => sub {
      my ($connection, $message) = @_;
      return if $message->opcode == 9 || $message->opcode == 8;
      return $connection->send('pong ' . $message->body) if $message->opcode == 10 && length $message->body;
      return if $message->opcode == 10;
      return $connection->send($message) unless $message->is_text && $message->body =~ /^!/;
      my ($command, $rest) = split / /, substr($message->body, 1), 2;
      if    ($command eq 'close') { $connection->close(split / /, $rest // '', 2) }
      elsif ($command eq 'ping') { $connection->send(AnyEvent::WebSocket::Message->new(opcode => 9, body => $rest)) }
      elsif ($command eq 'protocol') { $connection->send($connection->subprotocol // '') }
      else                           { $connection->send("can't") }
    }
  );
  $connection->on(finish => sub { my ($c) = @_; print 'closed ', $c->close_code // '', ' ', $c->close_reason // '', "\n"; $finished->send });
  $finished->recv;
}

# tcllib's websocket, a client: tclsh tcllib-peer.tcl client URL
package require Tcl 8.6
package require websocket

fconfigure stdout -buffering line
set protocols [split [expr {[info exists env(PROTOCOLS)] ? $env(PROTOCOLS) : ""}] ,]
# Without one it sends an empty Sec-WebSocket-Protocol, which is answered with 400.
set offered [expr {[llength $protocols] > 0 ? $protocols : "unknown"}]
set selected ""

proc again {} { after 20 connect }

proc connect {} {
  global url offered
  if {[catch {::websocket::open $url handler -protocol $offered}]} again
}

# It is called with 'close' and then 'disconnect' at every end, and with 'error' where there was no beginning.
proc handler {socket type message} {
  global selected
  switch -- $type {
    connect { set selected $message }
    text { if {[string index $message 0] eq "!"} { command $socket $message } else { ::websocket::send $socket text $message } }
    binary { ::websocket::send $socket binary $message }
    close { puts "closed $message" }
    disconnect - error again
    pong { if {[info exists ::pinged] && $message eq $::pinged} { unset ::pinged; ::websocket::send $socket text "pong $message" } }
  }
}

proc command {socket message} {
  regexp {^!(\S*) ?(.*)$} $message -> name rest
  switch -- $name {
    close { if {[regexp {^(\d+) ?(.*)$} $rest -> code reason]} { ::websocket::close $socket $code $reason } else { ::websocket::close $socket "" } }
    ping { set ::pinged $rest; ::websocket::send $socket ping $rest }
    fragments {
      ::websocket::send $socket text "one " 0
      ::websocket::send $socket text "two " 0
      ::websocket::send $socket text "three" 1
    }
    protocol { ::websocket::send $socket text $::selected }
    abort { catch { ::close $socket }; again }
    default { ::websocket::send $socket text "can't" }
  }
}

lassign $argv role url
connect
vwait forever

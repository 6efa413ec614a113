#!/usr/bin/env bash
# websocket.el 1.13 under Emacs 28.2 (Debian 12), a client: the server sends a text in three frames, and closes with 4001.
# Expected: on-message is called with the text, on-close with the code, and the server's Close frame is returned.
# Seen: on-message is called for each frame, and nothing puts them together; on-close is told no code and no reason; and TCP ends
# without a Close frame, so that the server has an unclean end of each connection that it closes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root elpa-websocket=1.13-3 emacs-nox=1:28.2+1-15+deb12u4 \
  emacs-el=1:28.2+1-15+deb12u4 emacs-bin-common=1:28.2+1-15+deb12u4 emacs-common=1:28.2+1-15+deb12u4 libgccjit0=12.2.0-14+deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
export LD_LIBRARY_PATH="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
share="$folder/debian/usr/share/emacs/28.2"
EMACSLOADPATH="$share/lisp:$share/lisp/emacs-lisp:$(find "$share/lisp" -type d | paste -sd:)"
export EMACSLOADPATH EMACSDATA="$share/etc" EMACSDOC="$share/etc"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >client.el <<'EL'
(require 'websocket)
(princ (format "Emacs %s\n" emacs-version))
(defvar ended nil)
(websocket-open (getenv "URL")
  :on-message (lambda (_ frame)
    (princ (format "on-message: %s %S\n" (websocket-frame-opcode frame) (websocket-frame-text frame))))
  :on-close (lambda (&rest arguments)
    (princ (format "on-close: %d argument\n" (length arguments)))
    (setq ended t)))
(with-timeout (10) (while (not ended) (accept-process-output nil 0.1)))
EL
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { existsSync, readdirSync } = require('node:fs');
const { WebSocketServer } = require('ws');

const server = new WebSocketServer({ port: 0, host: '127.0.0.1' }, () => {
  const libexec = `${__dirname}/debian/usr/libexec/emacs/28.2`;
  const dump = readdirSync(libexec).map((name) => `${libexec}/${name}/emacs.pdmp`).find((path) => existsSync(path));
  const emacs = spawn(
    `${__dirname}/debian/usr/bin/emacs-nox`,
    [`--dump-file=${dump}`, '--batch', '-Q', '-L', `${__dirname}/debian/usr/share/emacs/site-lisp/elpa-src/websocket-1.13`, '-l', './client.el'],
    { env: { ...process.env, URL: `ws://127.0.0.1:${server.address().port}/` }, stdio: ['ignore', 'inherit', 'ignore'] },
  );
  emacs.on('exit', () => setTimeout(() => process.exit(), 500));
  process.on('exit', () => emacs.kill());
});
server.on('connection', (socket) => {
  socket.send('one ', { fin: false });
  socket.send('two ', { fin: false });
  socket.send('three');
  socket.on('close', (code) => console.log(`the server: ${code}`));
  setTimeout(() => socket.close(4001, 'why'), 500);
});
JS
timeout 60 node run.cjs | LC_ALL=C sort | tee seen
diff - seen <<'EXPECTED'
Emacs 28.2
on-close: 1 argument
on-message: continuation "three"
on-message: continuation "two "
on-message: text "one "
the server: 1006
EXPECTED
echo 'websocket.el 1.13: as written down'

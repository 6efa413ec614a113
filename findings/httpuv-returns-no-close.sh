#!/usr/bin/env bash
# httpuv 1.6.9 under R 4.2 (Debian 12), which carries Shiny: a client closes with 4001, and without a code.
# Expected: the Close frame is returned, and onClose is told the code.
# Seen: TCP ends without a Close frame: every client has an unclean end, 1006, of each connection that it closes. onClose is called
# without an argument. What the server closes is told in full.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq -o APT::Sandbox::User=root r-cran-httpuv=1.6.9+dfsg-1 r-base-core=4.2.2.20221110-2 r-cran-rcpp=1.0.10-1 \
  r-cran-r6=2.5.1-1 r-cran-rlang=1.0.6-1 r-cran-later=1.3.0+dfsg-1+b1 r-cran-magrittr=2.0.3-1 r-cran-promises=1.2.0.1+dfsg-1 \
  libblas3=3.11.0-2 liblapack3=3.11.0-2 libgfortran5=12.2.0-14+deb12u1
for package in *.deb; do dpkg-deb -x "$package" debian; done
library="$folder/debian/usr/lib/$(uname -m)-linux-gnu"
export R_HOME="$folder/debian/usr/lib/R"
export LD_LIBRARY_PATH="$R_HOME/lib:$library:$library/blas:$library/lapack"
export R_LIBS="$R_HOME/site-library:$R_HOME/library" R_SHARE_DIR="$folder/debian/usr/share/R/share"
rm "$R_HOME/etc/Renviron" && cp "$R_HOME/etc/Renviron.ucf" "$R_HOME/etc/Renviron"
npm install --silent --no-audit --no-fund ws@8.23.0
cat >server.R <<'R'
library(httpuv)
say <- function(...) { cat(..., '\n', sep = ''); flush(stdout()) }
say('httpuv ', as.character(packageVersion('httpuv')))
app <- list(onWSOpen = function(ws) {
  ws$onClose(function(...) say('onClose: ', length(list(...)), ' arguments'))
  ws$onMessage(function(binary, message) ws$close(4002L, message))
})
port <- as.integer(Sys.getenv('PORT'))
server <- startServer('127.0.0.1', port, app)
say('listens')
for (turn in 1:300) service(100)
R
cat >run.cjs <<'JS'
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const net = require('node:net');
const { createInterface } = require('node:readline');
const { WebSocket } = require('ws');

const freePort = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

(async () => {
  const port = await freePort();
  const r = spawn(`${process.env.R_HOME}/bin/exec/R`, ['--no-save', '--no-restore', '--no-echo', '-f', 'server.R'], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  process.on('exit', () => r.kill('SIGKILL'));
  await new Promise((resolve) => {
    createInterface(r.stdout).on('line', (line) => (line === 'listens' ? resolve() : console.log(line)));
  });
  const acts = {
    'the client closes with 4001': (socket) => socket.close(4001, 'why'),
    'the client closes without a code': (socket) => socket.close(),
    'the server closes with 4002': (socket) => socket.send('why'),
  };
  for (const [what, act] of Object.entries(acts)) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, 'open');
    act(socket);
    const [code, reason] = await once(socket, 'close');
    await new Promise((resolve) => setTimeout(resolve, 500));
    console.log(`${what}: ${code} ${reason}`.trim());
  }
  process.exit();
})();
JS
timeout 90 node run.cjs | tee seen
diff - seen <<'EXPECTED'
httpuv 1.6.9
onClose: 0 arguments
the client closes with 4001: 1006
onClose: 0 arguments
the client closes without a code: 1006
onClose: 0 arguments
the server closes with 4002: 4002 why
EXPECTED
echo 'httpuv 1.6.9: as written down'

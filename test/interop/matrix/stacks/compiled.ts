/** Go, Java, C and C++. */
import { join } from 'node:path';
import { NO_1012, ONE_SIDE_FOR_THE_OTHER } from './advice.ts';
import { BOTH, debianVersion, peer, run, type Role, type Stack } from './stack.ts';

function go(name: string, file: string, packages: readonly string[], more: Partial<Stack> = {}): Stack {
  const out = (work: string): string => join(work, file.replace('.go', ''));
  return {
    name,
    roles: BOTH,
    debian: ['golang-go', ...packages],
    build: (work) => {
      const env = {
        ...process.env,
        GO111MODULE: 'off',
        GOPATH: '/usr/share/gocode',
        GOCACHE: join(work, 'go-cache'),
        GOFLAGS: '',
      };
      run('go', ['build', '-o', out(work), peer(file)], { env });
    },
    command: (work) => [out(work)],
    version: () => debianVersion(packages[0]),
    ...more,
  };
}

/** A peer in Java, in a class of its own. Its version is that of the first package; `jars` are Debian's. */
function java(
  name: string,
  main: string,
  packages: readonly string[],
  jars: readonly string[],
  advice?: string,
): Stack {
  const path = (work: string): string => [work, ...jars.map((jar) => `/usr/share/java/${jar}.jar`)].join(':');
  return {
    name,
    roles: BOTH,
    debian: ['openjdk-17-jdk-headless', ...packages],
    build: (work) => void run('javac', ['-cp', path(work), '-d', work, peer(`${main}.java`)]),
    command: (work) => ['java', '-Xshare:auto', '-cp', path(work), main],
    version: () => debianVersion(packages[0]),
    advice,
  };
}

/** Debian has these among what comes with RabbitMQ. */
function erlang(name: string, roles: readonly Role[], library: string, advice?: string): Stack {
  const plugins = '/usr/lib/rabbitmq/lib';
  const folders = (): string[] => run('find', [plugins, '-name', 'ebin']).split('\n');
  return {
    name,
    roles,
    debian: ['rabbitmq-server', 'erlang-base'],
    build: (work) => void run('erlc', ['-o', work, peer('erlang_peer.erl')]),
    command: (work) => [
      'env',
      'ERL_CRASH_DUMP=/dev/null',
      'erl',
      '-noshell',
      '-pa',
      work,
      ...folders(),
      '-run',
      'erlang_peer',
      'main',
    ],
    version: () =>
      folders()
        .join('\n')
        .match(new RegExp(`/${library}-([\\d.]+)/`))![1],
    advice,
  };
}

/** A peer in C or C++. Its version is that of the first package; `flags` are for the linker. */
function native(
  name: string,
  file: string,
  packages: readonly string[],
  flags: () => readonly string[],
  more: Partial<Stack> = {},
): Stack {
  const compiler = file.endsWith('.c') ? 'gcc' : 'g++';
  return {
    name,
    roles: BOTH,
    debian: [compiler, 'pkg-config', ...packages],
    build: (work) => void run(compiler, ['-O1', '-w', '-o', join(work, 'peer'), peer(file), ...flags()]),
    command: (work) => [join(work, 'peer')],
    version: () => debianVersion(packages[0]),
    ...more,
  };
}

const JETTY = [
  ...['server', 'http', 'io', 'util', 'client', 'xml', 'servlet'].map((part) => `jetty9-${part}`),
  ...['api', 'client', 'common', 'server', 'servlet'].map((part) => `jetty9-websocket-${part}`),
  'servlet-api',
];

const NETTY = ['common', 'buffer', 'transport', 'codec', 'codec-http', 'handler', 'resolver'].map(
  (part) => `netty-${part}`,
);

const TOMCAT = [
  ...[
    'catalina',
    'coyote',
    'juli',
    'util',
    'util-scan',
    'websocket',
    'websocket-api',
    'servlet-api',
    'annotations-api',
  ],
  ...['jaspic-api', 'api', 'jni', 'el-api', 'jasper-el'],
].map((part) => `tomcat9-${part}`);

const pkgConfig = (name: string) => (): string[] => run('pkg-config', ['--cflags', '--libs', name]).split(/\s+/);

export const COMPILED: readonly Stack[] = [
  go('gorilla/websocket', 'gorilla.go', ['golang-github-gorilla-websocket-dev']),
  go('nhooyr.io/websocket', 'nhooyr.go', ['golang-nhooyr-websocket-dev'], {
    advice: 'leave `serverMaxWindowBits` at its default: it answers 400',
  }),
  go('golang.org/x/net/websocket', 'xnet.go', ['golang-golang-x-net-dev'], {
    advice:
      'a client: give `origin`, and whole messages, for it hands out each fragment as one; a server: its clients name any origin they like, with a slash at the end, and `allowedOrigins` has to know',
  }),
  {
    ...java('JDK', 'Jdk', [], []),
    roles: ['client'],
    version: () => run('java', ['--version']).split(/\s+/)[1],
    advice: 'its listener has to go on with `request(1)`: one that does not answers no pings, and is ended as lost',
  },
  java(
    'Jetty',
    'Jetty',
    ['libjetty9-java', 'libjetty9-extra-java', 'libservlet-api-java'],
    JETTY,
    ONE_SIDE_FOR_THE_OTHER,
  ),
  java(
    'Netty',
    'Netty',
    ['libnetty-java'],
    NETTY,
    'leave `…NoContextTakeover` and `…MaxWindowBits` at their defaults; its client drops TCP in place of a Close frame: the end is unclean',
  ),
  java('Tomcat', 'TomcatPeer', ['libtomcat9-java'], TOMCAT, NO_1012),
  {
    ...java('OkHttp', 'OkHttp', ['libokhttp-java'], ['okhttp', 'okio'], NO_1012),
    roles: ['client'],
  },
  {
    name: 'Mono',
    roles: ['client'],
    debian: ['mono-runtime', 'mono-mcs', 'libmono-system-net-http4.0-cil', 'libmono-system4.0-cil'],
    build: (work) => void run('mcs', ['-r:System.dll', `-out:${join(work, 'peer.exe')}`, peer('mono.cs')]),
    command: (work) => ['mono', join(work, 'peer.exe')],
    version: () => debianVersion('mono-runtime'),
    advice: `${NO_1012}; an empty Close of its own is 1005 on the wire`,
  },
  {
    name: 'Crystal',
    roles: BOTH,
    debian: ['crystal'],
    build: (work) => {
      const env = { ...process.env, CRYSTAL_CACHE_DIR: join(work, 'cache') };
      run('crystal', ['build', '--release', '-o', join(work, 'peer'), peer('crystal.cr')], { env });
    },
    command: (work) => [join(work, 'peer')],
    version: () => debianVersion('crystal'),
    advice:
      'send it whole messages: a ping between the frames of one takes what has come of it, and the message is what followed; `sent` tells what you closed with',
  },
  {
    name: 'websockets (Haskell)',
    roles: BOTH,
    debian: ['libghc-websockets-dev', 'ghc'],
    build: (work) => {
      const folders = ['-outputdir', work, '-o', join(work, 'peer')];
      run('ghc', ['-threaded', ...folders, peer('peer.hs')]);
    },
    command: (work) => [join(work, 'peer')],
    version: () => debianVersion('libghc-websockets-dev'),
  },
  erlang('Cowboy', ['server'], 'cowboy', NO_1012),
  erlang('Gun', ['client'], 'gun'),
  native('Qt 5', 'qt.cpp', ['libqt5websockets5-dev'], () => ['-fPIC', ...pkgConfig('Qt5WebSockets')()], {
    advice: NO_1012,
  }),
  native('Qt 6', 'qt.cpp', ['qt6-websockets-dev'], () => ['-fPIC', '-std=c++17', ...pkgConfig('Qt6WebSockets')()], {
    advice: NO_1012,
  }),
  native('libwebsockets', 'lws.c', ['libwebsockets-dev'], pkgConfig('libwebsockets'), {
    advice: `${ONE_SIDE_FOR_THE_OTHER}; ${NO_1012}`,
  }),
  native('Boost.Beast', 'beast.cpp', ['libboost1.74-dev'], () => ['-std=c++17', '-lpthread'], {
    advice: 'leave `compress` off: at some lengths of a message it ends TCP without a Close frame',
  }),
  native('Poco', 'poco.cpp', ['libpoco-dev'], () => ['-lPocoNet', '-lPocoFoundation'], {
    advice: 'send no empty pieces of a message: it takes them for the end',
  }),
  native('libsoup', 'soup.c', ['libsoup-3.0-dev'], pkgConfig('libsoup-3.0'), {
    advice: `above 128 KiB it ends without a Close frame, unless its own limit is raised; ${NO_1012}`,
  }),
  native('WebSocket++', 'websocketpp.cpp', ['libwebsocketpp-dev', 'libboost-dev'], () => ['-lpthread']),
];

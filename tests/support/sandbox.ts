import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/*
 * A machine of its own for commands of root out of the documentation: own mounts, so that /etc, /opt, /var/lib and the like are
 * copies or empty, and an own network. Nothing that runs in it changes the machine that runs the tests. There is no systemd in it:
 * `systemctl` starts a unit as this file reads it, with the user, the environment and the mounts that the unit asks for.
 */
const project = fileURLToPath(new URL('../../', import.meta.url))

/** Why no such machine can be had; undefined where one can. */
export function sandboxLacks(): string | undefined {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'not root'
  for (const tool of ['unshare', 'nsenter', 'setpriv', 'runuser', 'useradd', 'ip', 'curl'])
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) return `no ${tool}`
  const tried = spawnSync('unshare', [
    '--mount',
    '--net',
    '--propagation',
    'private',
    'mount',
    '-t',
    'tmpfs',
    'none',
    '/mnt',
  ])
  return tried.status === 0 ? undefined : 'no right to mount'
}

/** Why no machine with a writable /usr of its own can be had; undefined where one can. */
export function ownUsrLacks(): string | undefined {
  const tried = (): number | null =>
    spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-euc', ownUsr]).status
  return sandboxLacks() ?? (tried() === 0 ? undefined : 'no overlay over /usr')
}

const ownMnt = 'mount -t tmpfs -o mode=0755 none /mnt'

/** /usr as it is, with changes that go with the machine. */
const ownUsr = `${ownMnt}
mkdir /mnt/usr /mnt/usr.work
mount -t overlay overlay -o lowerdir=/usr,upperdir=/mnt/usr,workdir=/mnt/usr.work /usr`

/** Copies the project as a clone would have it, changes that are not committed included. */
function copyProject(to: string): void {
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: project })
  for (const name of listed.stdout.toString().split('\0')) {
    if (name === '') continue
    mkdirSync(dirname(join(to, name)), { recursive: true })
    cpSync(join(project, name), join(to, name))
  }
}

/**
 * As npm ci leaves it, out of what the tests were installed with: the lock file is the same, and the network is not there. Linked,
 * not copied, but for the one file that npm writes over.
 */
function copyPackages(to: string): void {
  const from = join(project, 'node_modules')
  if (spawnSync('cp', ['-al', from, to]).status !== 0) {
    rmSync(to, { recursive: true, force: true })
    spawnSync('cp', ['-a', from, to])
  }
  rmSync(join(to, '.package-lock.json'))
  cpSync(join(from, '.package-lock.json'), join(to, '.package-lock.json'))
}

const shims: Readonly<Record<string, string>> = {
  docker: 'exec node /mnt/docker.mjs "$@"',
  git: `[ "$1" = clone ] && cp -a "$2" "$3"`,
  npm: `case "$*" in
  "ci" | "ci --ignore-scripts") mv /opt/.packages node_modules 2>/dev/null || mv /.packages node_modules ;;
  *) exec /usr/bin/env PATH="\${PATH#*:}" npm "$@" ;;
esac`,
  apt: `case "$1" in
  install) exec dpkg -i "$2" ;;
  remove) exec dpkg -r "$2" ;;
  purge) exec dpkg -P "$2" ;;
esac`,
  systemctl: `unit=/etc/systemd/system/evidence-ledger.service
settings=$unit.d
[ -f "$unit" ] || unit=/usr/lib/systemd/system/evidence-ledger.service
all() { cat "$unit" "$settings"/*.conf 2>/dev/null | sed -n "s/^$1=//p"; }
last() { all "$1" | tail -n 1; }
pid=/run/evidence-ledger.pid
running() { [ -f "$pid" ] && kill -0 "$(cat "$pid")" 2>/dev/null; }
start() {
  running && return 0
  state=/var/lib/$(last StateDirectory)
  install -d -m "$(last StateDirectoryMode)" -o "$(last User)" -g "$(last Group)" "$state"
  STATE=$state UNIT_USER=$(last User) UNIT_GROUP=$(last Group) UMASK=$(last UMask) COMMAND=$(last ExecStart) \\
    VARIABLES=$(all Environment) FILES=$(last LimitNOFILE) \\
    setsid unshare --mount --propagation private /bin/sh -eu /mnt/unit.sh > /run/evidence-ledger.log 2>&1 &
  echo $! > "$pid"
}
case "$1 \${2-}" in
  "daemon-reload "*) ;;
  "is-active --quiet") running ;;
  "disable --now") rm -f /run/evidence-ledger.enabled; exec systemctl stop "$3" ;;
  "enable --now") : > /run/evidence-ledger.enabled; start ;;
  "start "*) start ;;
  "stop "*) running || exit 0; kill -TERM "$(cat "$pid")"; while running; do sleep 0.1; done ;;
  "status "*) running || { cat /run/evidence-ledger.log; exit 3; } ;;
  *) echo "systemctl: $* is not known here" >&2; exit 1 ;;
esac`,
}

/** ProtectSystem=strict with the state folder, PrivateTmp, no capabilities, no new privileges, as the unit's user. */
const unitScript = `mount --bind "$STATE" "$STATE"
mount -t tmpfs -o mode=1777 none /tmp
grep -v " $STATE " /proc/self/mountinfo | while read -r _ _ _ _ where _; do
  case $where in /proc* | /sys* | /dev* | /tmp) ;; *) mount -o remount,bind,ro "$where" 2>/dev/null || true ;; esac
done
ulimit -n "$FILES" 2>/dev/null || true
umask "$UMASK"
cd /
exec setpriv --reuid "$UNIT_USER" --regid "$UNIT_GROUP" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all \\
  env -i PATH=/usr/local/bin:/usr/bin:/bin $VARIABLES $COMMAND`

const setup = (kind: Kind): string => `ip link set lo up
${kind === 'package' ? ownUsr : ownMnt}
cp -a /etc /usr/local/bin /mnt/
mkdir -p /mnt/opt /mnt/lib /mnt/run
for pair in etc:/etc bin:/usr/local/bin lib:/var/lib run:/run; do mount --bind "/mnt/\${pair%%:*}" "\${pair#*:}"; done
mount --bind "$SCRATCH/opt" /opt
cp "$SCRATCH/unit.sh" "$PROJECT/tests/support/docker.mjs" /mnt/
echo '127.0.0.1 ledger.court.example' >> /etc/hosts
${kind === 'package' ? 'mkdir -p /run/systemd/system' : ''}`

/** What is installed on the machine: the project from its source, or a package, which writes below /usr. */
type Kind = 'source' | 'package'

export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export class Sandbox {
  /** A clone's source: the project without what is built or installed. Not there where a package is installed. */
  readonly source: string
  private readonly scratch: string
  private readonly holder: ChildProcess
  private readonly kind: Kind

  /** \`scratch\` is an empty folder of the test's, on a disk. Throws where the machine cannot be had. */
  constructor(scratch: string, kind: Kind = 'source') {
    this.scratch = scratch
    this.kind = kind
    this.source = join(scratch, 'source')
    chmodSync(scratch, 0o755)
    for (const name of ['opt', 'shims', 'source']) mkdirSync(join(scratch, name), { mode: 0o755 })
    for (const [name, text] of Object.entries(shims))
      writeFileSync(join(scratch, 'shims', name), `#!/bin/sh\nset -eu\n${text}\n`, { mode: 0o755 })
    writeFileSync(join(scratch, 'unit.sh'), unitScript)
    if (kind === 'source') {
      copyProject(this.source)
      copyPackages(join(scratch, 'opt', '.packages'))
    }
    this.holder = spawn('unshare', ['--mount', '--net', '--propagation', 'private', 'sleep', '86400'], {
      stdio: 'ignore',
    })
  }

  /** Waits for the mounts, and makes them. */
  async open(): Promise<void> {
    const { pid } = this.holder
    for (let n = 0; n < 200; n++) {
      const same = spawnSync('sh', ['-c', `[ "$(readlink /proc/self/ns/net)" = "$(readlink /proc/${pid}/ns/net)" ]`])
      if (same.status !== 0) break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const made = this.run(setup(this.kind))
    if (made.code !== 0) throw new Error(`no sandbox: ${made.stderr}`)
  }

  /** Runs commands of root in a folder, as they are typed one after another; the first that fails ends them. */
  run(script: string, cwd = '/', variables: Readonly<Record<string, string>> = {}): Ran {
    const inside = [
      '--target',
      String(this.holder.pid),
      '--mount',
      '--net',
      '--',
      'sh',
      '-c',
      `cd '${cwd}'\nset -eu\n${script}`,
    ]
    const { status, stdout, stderr } = spawnSync('nsenter', inside, {
      env: {
        PATH: `${join(this.scratch, 'shims')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        HOME: '/root',
        PROJECT: project,
        SCRATCH: this.scratch,
        LC_ALL: 'C',
        ...variables,
      },
      encoding: 'utf8',
    })
    return { code: status, stdout, stderr }
  }

  /** What the service wrote so far. */
  log(): string {
    return this.run('cat /run/evidence-ledger.log').stdout
  }

  close(): void {
    this.run('systemctl stop evidence-ledger || true')
    this.holder.kill('SIGKILL')
    rmSync(this.scratch, { recursive: true, force: true })
  }
}

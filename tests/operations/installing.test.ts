import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shellBlocks } from '../support/doc-commands.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Ran, Sandbox, sandboxLacks } from '../support/sandbox.ts'

/*
 * docs/operations: installing as a service, the key ceremony and the replacement of a ledger's key. Every ```sh block of these pages
 * that a systemd machine runs is taken out of the page and run as it stands, by root, on a machine of its own.
 */
const page = (name: string): string[] =>
  shellBlocks(readFileSync(fileURLToPath(new URL(`../../docs/operations/${name}.md`, import.meta.url)), 'utf8'))
const [install, trial, start, buildPackage, installPackage, removePackage, container] = page(
  'installing',
) as string[] as [string, string, string, string, string, string, string]
const ceremony = page('key-ceremony')
const rotation = page('key-compromise')

const lacking = sandboxLacks()
if (lacking !== undefined)
  process.stderr.write(`NOT RUN, for want of a machine of its own (${lacking}): tests/operations/installing.test.ts\n`)

/** HTTPS before the server, as the pages have it: docs/operations/tls-and-proxies.md. */
const proxy = `
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { createServer } from 'node:https'
const [key, cert] = ['/mnt/tls.key', '/mnt/tls.pem'].map((name) => readFileSync(name))
createServer({ key, cert }, (from, to) => {
  const { method, url: path, headers } = from
  const on = request({ host: '127.0.0.1', port: 8080, method, path, headers }, (answer) => {
    to.writeHead(answer.statusCode, answer.headers)
    answer.pipe(to)
  })
  on.on('error', () => to.destroy())
  from.pipe(on)
}).listen(443, '127.0.0.1')
`
const certificate = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout /mnt/tls.key -out /mnt/tls.pem \\
  -subj /CN=ledger.court.example -addext subjectAltName=DNS:ledger.court.example 2>/dev/null
chmod 0644 /mnt/tls.pem
setsid node /mnt/proxy.mjs < /dev/null > /dev/null 2>&1 &`
const trust = { NODE_EXTRA_CA_CERTS: '/mnt/tls.pem', CURL_CA_BUNDLE: '/mnt/tls.pem' }

describe.skipIf(lacking !== undefined)('a machine that is set up by the pages', () => {
  const { path, remove } = temporaryFolder()
  let machine: Sandbox
  const desk = '/mnt/desk'
  const data = '/var/lib/evidence-ledger'

  /** Runs commands of a page; what they printed. */
  const must = (script: string): string => {
    const ran: Ran = machine.run(script, desk, trust)
    expect([script, ran.code, ran.stderr]).toEqual([script, 0, expect.any(String)])
    return ran.stdout
  }
  const groupsIn = (text: string): string[] => text.match(/(?:[\w-]{4} ){10}[\w-]{3}/g) ?? []

  beforeAll(async () => {
    machine = new Sandbox(join(path))
    await machine.open()
    writeFileSync(join(path, 'proxy.mjs'), proxy)
    machine.run(`mkdir ${desk} && cp '${join(path, 'proxy.mjs')}' /mnt/`)
    must(certificate)
  })
  afterAll(() => {
    machine.close()
    remove()
  })

  it('has pages whose blocks are these, no more and no fewer', () => {
    expect([ceremony.length, rotation.length]).toEqual([5, 5])
    // Those of the Debian package are run by package-deb.test.ts, that of the container by image.test.ts.
    const blocks = [install, trial, start, buildPackage, installPackage, removePackage, container]
    expect(blocks.map((block) => block.split(' ')[0])).toEqual([
      'useradd',
      'runuser',
      'systemctl',
      'npm',
      'apt',
      'apt',
      'docker',
    ])
    expect(page('installing')).toEqual(blocks)
  })

  it('is installed: all that the pages name is built, and belongs to root', () => {
    must(install.replace('<repository>', machine.source))
    for (const name of ['check.mjs', 'check-time.mjs', 'check-digest.mjs', 'cli/main.js'])
      must(`[ -f /opt/evidence-ledger/dist/${name} ]`)
    // What only development needs is gone, and the checker works without any package.
    must('[ ! -e /opt/evidence-ledger/node_modules/typescript ]')
    expect(must('node /opt/evidence-ledger/dist/check.mjs --help')).toContain('check')
    expect(must('find /opt/evidence-ledger -user evidence-ledger')).toBe('')
    expect(must('stat -c "%a %U" /etc/evidence-ledger/passphrase')).toBe('600 evidence-ledger\n')
  })

  it('gets a production ledger by the key ceremony, whose thumbprints agree wherever they are printed', () => {
    const [keygen, prepare, sign, seal] = ceremony as [string, string, string, string]
    const made = must(keygen)
    const deputy = must(keygen.replaceAll('clerk', 'deputy'))
    const prepared = must(prepare)
    const thumbprints = [...groupsIn(made), ...groupsIn(deputy)]
    expect(thumbprints).toHaveLength(2)
    // Shown from the files that were brought, then from the genesis.
    expect(groupsIn(prepared)).toEqual([...thumbprints, ...thumbprints])
    expect(groupsIn(must(sign))).toEqual(thumbprints)
    const sealed = must(seal)
    expect(sealed).toMatch(/^ok {3}ledger key: /m)
    expect(sealed).toMatch(/^ok {3}second key: /m)
    expect(sealed).not.toMatch(/^(?:FAIL|WARN) (?:ledger|second) key/m)
    expect(must(`find ${data} ! -user evidence-ledger`)).toBe('')
    expect(must(`find ${data}/keys -type f -perm /077`)).toBe('')
  })

  it('serves as the unit says: its user, its folder and nothing else to write to', () => {
    must(start)
    const pid = must('cat /run/evidence-ledger.pid').trim()
    const status = must(`cat /proc/${pid}/status`)
    expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
    expect(status).toMatch(/^CapBnd:\t0+$/m)
    expect(must(`stat -c %U /proc/${pid}`)).toBe('evidence-ledger\n')
    const within = (script: string): number | null =>
      machine.run(
        `nsenter --target ${pid} --mount setpriv --reuid evidence-ledger --regid evidence-ledger --clear-groups sh -c '${script}'`,
      ).code
    for (const place of ['/opt/evidence-ledger/x', '/etc/evidence-ledger/x', '/var/lib/x', '/x'])
      expect([place, within(`: > ${place}`)]).not.toEqual([place, 0])
    expect(within(': > /tmp/x && rm /tmp/x')).toBe(0)
    // Root's own hand is stopped too: the system is read-only, not merely another's.
    expect(machine.run(`nsenter --target ${pid} --mount sh -c ': > /opt/evidence-ledger/x'`).code).not.toBe(0)
  })

  it('takes participants and their deposits', () => {
    must('evidence keygen --out notary.pem')
    must(ceremony[4] as string)
    must('printf evidence > photo.jpg')
    must('evidence deposit photo.jpg --key notary.pem --id notary-3 --url https://ledger.court.example')
    must(`cp ${data}/policy old.policy && evidence check photo.jpg --policy old.policy`)
  })

  it('F-N1: replaces its key under a new passphrase, and goes on', () => {
    const before = must(`cat ${data}/policy`)
    for (const block of rotation.slice(0, 4)) must(block)
    const [fetch, ...more] = rotation.slice(4)
    expect(more).toEqual([])
    const done = must(fetch as string)
    expect(done).toMatch(/^ok {3}ledger key: /m)
    expect(done).toMatch(/^ok {3}second key: /m)
    must('curl -f -s --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/readyz')
    const after = must(`cat ${data}/policy`)
    // A thief of the one key had the other.
    for (const line of [/^log (\S+)$/m, /^witness ledger-ml-dsa (\S+)$/m])
      expect(line.exec(after)?.[1]).not.toBe(line.exec(before)?.[1])
    for (const name of ['ledger.pem', 'ledger-ml-dsa.key']) {
      const show = `runuser -u evidence-ledger -- evidence key show ${data}/keys/${name} --passphrase-file /etc/evidence-ledger/passphrase`
      expect(must(show)).toContain('under a passphrase')
      expect(machine.run(`${show}-1`, desk).code).toBe(3)
    }
    must('printf more > more.jpg')
    must('evidence deposit more.jpg --key notary.pem --id notary-3 --url https://ledger.court.example')
    must(`evidence check more.jpg --policy ${data}/policy`)
    must('evidence transition photo.jpg.tlog-proof --url https://ledger.court.example')
    must(`evidence check photo.jpg --policy ${data}/policy`)
    // The doctor sees what the server would: keys that one passphrase does not open.
    const wrong = machine.run(
      `evidence doctor --data ${data} --passphrase-file /etc/evidence-ledger/passphrase-1`,
      desk,
    )
    expect([wrong.code, wrong.stdout]).toEqual([
      3,
      expect.stringMatching(/^FAIL second key: the passphrase does not open /m),
    ])
    must('systemctl stop evidence-ledger')
    expect(machine.log()).not.toMatch(/"level":(?:50|60)/)
    expect(must(`evidence verify --data ${data}`)).toContain('no fault found')
  })

  it('or gets a trial ledger', () => {
    must(`rm -r ${data} && install -d -m 0700 -o evidence-ledger -g evidence-ledger ${data}`)
    expect(must(trial)).toContain('made the trial ledger')
    must(start)
    must('systemctl stop evidence-ledger')
    expect(must(`evidence doctor --data ${data} --passphrase-file /etc/evidence-ledger/passphrase`)).toMatch(
      /^ok {3}trial keys: 2 of them open$/m,
    )
  })
})

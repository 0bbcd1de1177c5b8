// What witnesses, time stamps and a monitor cost deposits: the same load, in turn, on a ledger that has none of them and on one that has
// three witnesses with a quorum of two, a time-stamping authority that is asked every second (an hour is usual), and a monitor.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { cli, cpuSeconds, loadGenerator, startServer, stopServer, timed } from './server.mjs'

function run(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr}`)
}

/** A program that says where it listens. */
function listening(args) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${args.join(' ')} ended with ${code}`)))
    child.stdout.on('data', (text) => {
      const match = /listening on (\S+)/.exec(text)
      if (match) resolve({ server: child, url: match[1] })
    })
  })
}

/** A real authority: openssl answers each request. */
async function timeAuthority(folder) {
  mkdirSync(folder)
  writeFileSync(
    join(folder, 'tsa.cnf'),
    '[tsa]\ndefault_tsa=own\n[own]\nserial=serial\nsigner_cert=tsa.pem\nsigner_key=tsa.key\nsigner_digest=sha256\ndefault_policy=1.2.3.4\ndigests=sha256\ncerts=tsa.pem\n',
  )
  writeFileSync(join(folder, 'serial'), '01\n')
  const extensions = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=critical,timeStamping']
  const key = ['-newkey', 'rsa:2048', '-nodes']
  run(
    'openssl',
    [
      'req',
      '-x509',
      ...key,
      '-keyout',
      'root.key',
      '-out',
      'root.pem',
      '-days',
      '30',
      '-subj',
      '/CN=root',
      '-addext',
      'keyUsage=critical,keyCertSign,cRLSign',
    ],
    folder,
  )
  run('openssl', ['req', '-new', ...key, '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=tsa'], folder)
  writeFileSync(join(folder, 'ext'), `${extensions.join('\n')}\n`)
  run(
    'openssl',
    [
      'x509',
      '-req',
      '-in',
      'tsa.csr',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      '29',
      '-extfile',
      'ext',
      '-out',
      'tsa.pem',
    ],
    folder,
  )
  const server = createServer((request, response) => {
    const body = []
    request
      .on('data', (chunk) => body.push(chunk))
      .on('end', () => {
        writeFileSync(join(folder, 'query'), Buffer.concat(body))
        const reply = spawn(
          'openssl',
          ['ts', '-reply', '-config', 'tsa.cnf', '-queryfile', 'query', '-out', 'answer'],
          { cwd: folder, stdio: 'ignore' },
        )
        reply.once('exit', () => {
          response.writeHead(200, { 'content-type': 'application/timestamp-reply' })
          response.end(readFileSync(join(folder, 'answer')))
        })
      })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, url: `http://127.0.0.1:${server.address().port}`, anchors: join(folder, 'root.pem') }
}

/** A ledger with everything: its server, and what has to be stopped afterwards. */
async function watchedLedger(folder) {
  const data = join(folder, 'watched')
  const first = await startServer(data)
  await stopServer(first.server)
  const policy = join(data, 'policy')
  const stop = []
  let lines = ''
  for (const name of ['one', 'two', 'three']) {
    const witness = join(folder, `witness-${name}`)
    const made = JSON.parse(
      timed(process.execPath, [cli, 'witness', 'init', '--data', witness, '--name', `bench/${name}`, '--json']).output,
    )
    timed(process.execPath, [cli, 'witness', 'add-log', policy, '--data', witness])
    const { server, url } = await listening([
      'witness',
      'serve',
      '--data',
      witness,
      '--port',
      '0',
      '--log-level',
      'error',
    ])
    stop.push(() => stopServer(server))
    lines += `witness ${name} ${made.vkeys.ed25519} ${url}\n`
  }
  const kept = readFileSync(policy, 'latin1').replace(/^quorum .*\n/m, '')
  writeFileSync(policy, `${kept}${lines}group all-three 2 one two three\nquorum all-three\n`)
  const authority = await timeAuthority(join(folder, 'tsa'))
  stop.push(() => authority.server.close())
  const config = join(folder, 'config.json')
  const authorities = [{ name: 'bench', url: authority.url, anchors: authority.anchors }]
  writeFileSync(config, JSON.stringify({ timeStamping: { authorities, everySeconds: 1 } }))
  return { data, policy, stop, flags: ['--config', config] }
}

/**
 * A bare and a watched ledger under the same load. `compare` sends `count` deposits to each in turn, and gives the watched one's ratios to the bare one: throughput,
 * and the server's processor time a deposit, which it gives in microseconds too. `prepare` signs what `compare` sends; `startMonitor` lets a monitor follow the
 * watched ledger from then on.
 */
export async function watchedPair(folder, count) {
  const bare = { data: join(folder, 'bare'), flags: [] }
  const watched = await watchedLedger(folder)
  const job = { mode: 'batch', count, connections: 4, batch: 500 }
  const ready = []
  for (const { data, flags } of [bare, watched]) {
    const { server, url } = await startServer(data, flags)
    const load = loadGenerator(url, data)
    await load.ask(job)
    ready.push({ server, url, load })
  }
  const measure = async ({ server, load }) => {
    const before = cpuSeconds(server.pid)
    const { rate } = await load.ask(job)
    return { rate, cpu: (cpuSeconds(server.pid) - before) / count }
  }
  let monitor
  return {
    async prepare() {
      for (const { load } of ready) await load.ask({ ...job, only: 'prepare' })
    },
    async compare() {
      const [a, b] = [await measure(ready[0]), await measure(ready[1])]
      return { throughput: b.rate / a.rate, serverTime: b.cpu / a.cpu, cpuPerEntry: b.cpu * 1e6 }
    },
    // The monitor is somebody else's machine: what it costs here is what the server spends on it.
    startMonitor() {
      const state = ['--state', join(folder, 'monitor'), '--interval', '1', '--data', watched.data, '--json']
      const args = [cli, 'monitor', ready[1].url, '--policy', watched.policy, ...state]
      monitor = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
    },
    async close() {
      monitor?.kill('SIGKILL')
      for (const { server, load } of ready) {
        load.stop()
        await stopServer(server)
      }
      for (const one of watched.stop) await one()
    },
  }
}

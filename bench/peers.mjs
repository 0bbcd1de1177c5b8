// `npm run bench -- --peers`: a log of others beside ours, on the same bytes. Tessera's POSIX server and its fsck are installed by Go, outside the repository.
import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toBase64 } from '../dist/src/core/base64.js'
import { keyId, verifierKey } from '../dist/src/core/note.js'
import { dataFolder } from '../dist/src/ledger/data-folder.js'
import { alternate } from './measure.mjs'
import { sampleOf, verify } from './process.mjs'
import { cpuSeconds, startServer, stopServer } from './server.mjs'
import { depositOf, signerOf, signerOfFile } from './statements.mjs'
import { lineOf, rowOf } from './stats.mjs'
import { requestBytes, Wire } from './wire.mjs'

const version = 'v1.0.4'
const modules = {
  posix: `github.com/transparency-dev/tessera/cmd/conformance/posix@${version}`,
  fsck: `github.com/transparency-dev/tessera/cmd/fsck@${version}`,
}
const connections = 256

/** Runs Go; what it said where it failed, else undefined. */
function go(args, options = {}) {
  const { status, stderr, error } = spawnSync('go', args, { encoding: 'utf8', ...options })
  return status === 0 ? undefined : (error?.message ?? stderr.trim())
}

/** The programs, by name; built where they are not there yet. Throws, with what was tried, where one cannot be had. */
function programs(cache, say) {
  const bin = join(cache, 'peers', version)
  mkdirSync(bin, { recursive: true })
  for (const [name, module] of Object.entries(modules)) {
    if (existsSync(join(bin, name))) continue
    say(`  go install ${module}`)
    const failed = go(['install', module], { env: { ...process.env, GOBIN: bin, GOFLAGS: '-mod=mod' } })
    if (failed !== undefined) throw new Error(`"go install ${module}" failed:\n${failed}`)
  }
  const signed = join(bin, 'signed')
  const failed = go(['build', '-o', signed, '.'], { cwd: fileURLToPath(new URL('./peers/', import.meta.url)) })
  if (failed !== undefined) throw new Error(`"go build" of bench/peers failed:\n${failed}`)
  return { posix: join(bin, 'posix'), fsck: join(bin, 'fsck'), signed }
}

/** A port that is free now. */
async function freePort() {
  const server = createServer()
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A key of a log in the form of Go's note package, private and public. */
function noteKey(folder) {
  const name = 'bench.example/peer'
  const seed = randomBytes(32)
  const { publicKey } = signerOf(seed)
  const id = Buffer.from(keyId(name, 1, publicKey)).toString('hex')
  const paths = { private: join(folder, 'peer.key'), public: join(folder, 'peer.pub') }
  writeFileSync(paths.private, `PRIVATE+KEY+${name}+${id}+${toBase64(Buffer.concat([Buffer.from([1]), seed]))}`, {
    mode: 0o600,
  })
  writeFileSync(paths.public, verifierKey(name, publicKey).text)
  return paths
}

/** Tessera's server on an empty folder, once it answers. */
async function startTessera(program, folder, key) {
  const port = await freePort()
  const storage = join(folder, 'tessera')
  const args = ['-storage_dir', storage, '-listen', `127.0.0.1:${port}`, '-private_key', key]
  const server = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  server.stderr.on('data', (text) => (said += text))
  const url = `http://127.0.0.1:${port}`
  for (;;) {
    if (server.exitCode !== null) throw new Error(`Tessera's server ended with ${server.exitCode}: ${said}`)
    const answer = await fetch(`${url}/checkpoint`).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer?.status === 200) return { server, url, storage }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Our program that checks signatures, before a URL. */
async function startSigned(program, to, publicKey) {
  const key = Buffer.from(publicKey).toString('base64url')
  const server = spawn(program, ['-to', `${to}/add`, '-key', key], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`signed ended with ${code}`)))
    server.stdout.on('data', (text) => resolve(/listening on (\S+)/.exec(text)[1]))
  })
  return { server, url }
}

/** Sends bodies over 256 connections, each answered before the next of its connection; gives how many a second. */
async function send(url, path, type, bodies, status) {
  const wires = Array.from({ length: connections }, () => new Wire(url))
  const requests = bodies.map((body) => requestBytes(url, 'POST', path, type, body))
  let next = 0
  const from = performance.now()
  await Promise.all(
    wires.map(async (wire) => {
      while (next < requests.length) {
        const answer = await wire.request(requests[next++])
        if (answer.status !== status)
          throw new Error(`${url}${path}: HTTP ${answer.status}: ${answer.body.toString('utf8', 0, 300)}`)
      }
    }),
  )
  const seconds = (performance.now() - from) / 1000
  for (const wire of wires) wire.close()
  return bodies.length / seconds
}

/** Processor time of children of this process that have ended, in seconds. */
function endedChildren() {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ')
  return (Number(fields[13]) + Number(fields[14])) / 100
}

/** The size that Tessera's checkpoint tells; it goes forward once a second. */
async function untilSize(url, size) {
  for (;;) {
    const note = await (await fetch(`${url}/checkpoint`)).text()
    if (Number(note.split('\n')[1]) >= size) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

/** fsck of a folder as a process; throws where it finds a fault, which its exit code does not tell. */
function fsck(program, storage, publicKey, size) {
  const args = ['-storage_url', `file://${storage}/`, '-public_key', publicKey, '-ui=false', '-N', '2']
  const before = endedChildren()
  const from = performance.now()
  const { status, stderr, error } = spawnSync(program, args, { encoding: 'utf8' })
  const seconds = (performance.now() - from) / 1000
  if (status !== 0 || /failed|error/i.test(stderr)) throw new Error(`fsck: ${error?.message ?? stderr}`)
  return sampleOf(size, { seconds, cpu: endedChildren() - before })
}

const rows = {
  'add.tessera':
    'Tessera as it is: no signature of who sends, no rules; files synced; an index in the answer, a checkpoint within a second',
  'add.tessera.signed':
    'the same behind bench/peers: one Ed25519 signature of each add; at the price of one hop more; else as above',
  'add.ours':
    'ours: signature, rules of who may sign what, ids, references; synced to the disk; receipt (proof and signed checkpoint) in the answer',
  'fsck.tessera': 'hashes and tree of every entry, and the checkpoint’s signature; no signature of an entry, no rules',
  'verify.trusted':
    'ours below a trusted checkpoint: hashes and tree of every entry, checksums of tables; signatures and rules were judged before',
  'verify.full': 'ours in full: besides, every signature, the rulebook at each index, sealed claims, look-up keys',
}

/** What Go is at hand; undefined where there is none. */
function goVersion() {
  const { status, stdout } = spawnSync('go', ['version'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/** Measures theirs and ours in turn. Gives a document for programs and a text. Where Go or the module is missing, both say so, and how it can be had. */
export async function peers({ cache, folder, rounds, count, say }) {
  const told = (why) => ({ document: { peers: null, why }, text: `\nNO PEERS WERE MEASURED: ${why}\n` })
  const goThere = goVersion()
  if (goThere === undefined)
    return told('Go is not on the PATH ("go version" failed); install Go 1.24 or later and run again')
  let there
  try {
    there = programs(cache, say)
  } catch (error) {
    return told(error.message)
  }
  const key = noteKey(folder)
  const data = join(folder, 'ours')
  const stop = []
  try {
    const ours = await startServer(data)
    stop.push(() => stopServer(ours.server))
    const tessera = await startTessera(there.posix, folder, key.private)
    stop.push(() => tessera.server.kill('SIGKILL'))
    const signer = signerOfFile(dataFolder(data).depositorKey)
    const signed = await startSigned(there.signed, tessera.url, signer.publicKey)
    stop.push(() => signed.server.removeAllListeners('exit').kill('SIGKILL'))
    await refusesWhatIsNotSigned(signed.url)
    const origin = readFileSync(join(data, 'policy'), 'utf8').match(/^log ([^+]+)\+/m)[1]
    let bodies
    const made = () =>
      Array.from({ length: count }, () =>
        depositOf({ origin, iss: 'depositor', signer, iat: Math.floor(Date.now() / 1000), randomBytes }),
      )
    const cpuOf = (...servers) => servers.reduce((sum, { server }) => sum + cpuSeconds(server.pid), 0)
    const add = async (name, servers, ...sent) => {
      say(`  ${name}`)
      const before = cpuOf(...servers)
      const value = await send(...sent)
      return { [name]: { value, cpuPerEntry: ((cpuOf(...servers) - before) / count) * 1e6 } }
    }
    // Each program is sent one set of bytes; the second of Tessera's another, since it answers bytes that it has seen without adding them.
    const plainType = 'application/octet-stream'
    const samples = {}
    const each = async (name, run) =>
      Object.assign(samples, merge(samples, await alternate({ rounds: 1, run: () => run(name) })))
    for (let round = 0; round < rounds; round++) {
      bodies = made()
      await each('add.tessera', (name) => add(name, [tessera], tessera.url, '/add', plainType, bodies, 200))
      await each('add.ours', (name) => add(name, [ours], ours.url, '/v1/statements', 'application/sd-jwt', bodies, 201))
      bodies = made()
      await each('add.tessera.signed', (name) =>
        add(name, [signed, tessera], signed.url, '/add', plainType, bodies, 200),
      )
    }
    const size = 2 * rounds * count
    await untilSize(tessera.url, size)
    for (const one of stop.splice(0).toReversed()) await one()
    const checkpoint = join(folder, 'ours.checkpoint')
    verify(data, undefined, { args: ['--save-checkpoint', checkpoint] })
    const measures = {
      'fsck.tessera': () => fsck(there.fsck, tessera.storage, key.public, size),
      'verify.trusted': () => verify(data, undefined, { args: ['--trusted-checkpoint', checkpoint] }).whole,
      'verify.full': () => verify(data).whole,
    }
    for (let round = 0; round < rounds; round++)
      for (const [name, run] of Object.entries(measures)) await each(name, () => ({ [name]: run() }))
    const results = Object.keys(rows).map((name) =>
      rowOf({ name, unit: name.startsWith('add') ? 'adds/s' : 'entries/s', ratio: 'V' }, samples[name]),
    )
    const bytes = Buffer.byteLength(bodies[0])
    const facts = {
      go: goThere,
      tessera: version,
      connections,
      count,
      rounds,
      entryBytes: bytes,
      theirs: size,
      ours: rounds * count,
    }
    const lines = results.flatMap((row) => [lineOf(row), `${' '.repeat(25)}${rows[row.name]}`])
    const head = `\n${goThere}, Tessera ${version}; ${connections} connections, ${count} entries of ${bytes} bytes a round, ${rounds} rounds; fsck of ${size} entries, ours of ${rounds * count}`
    return { document: { peers: facts, results }, text: `${[head, ...lines].join('\n')}\n` }
  } finally {
    for (const one of stop.toReversed()) await one()
  }
}

/** Rounds of a row, after those that it has. */
const merge = (have, more) =>
  Object.fromEntries(Object.entries(more).map(([name, list]) => [name, [...(have[name] ?? []), ...list]]))

/** That the program before Tessera does check: a comparison with one that does not would say nothing. */
async function refusesWhatIsNotSigned(url) {
  const forged = `${'a'.repeat(20)}.${'b'.repeat(600)}.${'A'.repeat(86)}`
  const { status } = await fetch(`${url}/add`, { method: 'POST', body: forged })
  if (status !== 403) throw new Error(`the program that checks signatures answered a forged one with ${status}`)
}

// The load generator, a process of its own: signs statements before the clock starts, then sends them.
import { randomBytes } from 'node:crypto'
import { installNativePrimitives } from '../dist/src/node/native.js'
import { depositOf, signerOfFile } from './statements.mjs'
import { requestBytes, Wire } from './wire.mjs'

const { url, origin, keyPath } = JSON.parse(process.argv[2])
installNativePrimitives()
const signer = signerOfFile(keyPath)

const statement = () => depositOf({ origin, iss: 'depositor', signer, iat: Math.floor(Date.now() / 1000), randomBytes })

/** Sends requests over a number of connections; gives the time of each, in milliseconds. */
async function send(requests, connections, expected, check) {
  const wires = Array.from({ length: connections }, () => new Wire(url))
  const times = []
  let next = 0
  const started = performance.now()
  await Promise.all(
    wires.map(async (wire) => {
      while (next < requests.length) {
        const bytes = requests[next++]
        const from = performance.now()
        const { status, body } = await wire.request(bytes)
        times.push(performance.now() - from)
        if (status !== expected) throw new Error(`HTTP ${status}: ${body.toString('utf8', 0, 300)}`)
        check(body)
      }
    }),
  )
  const elapsed = (performance.now() - started) / 1000
  for (const wire of wires) wire.close()
  return { elapsed, times: times.sort((a, b) => a - b) }
}

const hasReceipt = (body) => {
  if (!body.includes('c2sp.org/tlog-proof')) throw new Error('an answer without a receipt')
}

const created = (body) => {
  const text = body.toString('latin1')
  const count = text.split('"status":201').length - 1
  if (count === 0 || text.includes('"code"')) throw new Error(`a batch was refused in part: ${text.slice(0, 300)}`)
}

let prepared

/** The requests of a job, as bytes: the clock counts neither signing nor writing them. */
const prepare = (job) => requestsOf(job).map((request) => requestBytes(url, ...request))

/** Makes and signs the statements of a job. */
function requestsOf({ mode, count, batch, size }) {
  const path = '/v1/statements'
  if (mode === 'proof') {
    const index = () => Math.floor(Math.random() * size)
    return Array.from({ length: count }, () => ['GET', `/v1/proofs/inclusion?index=${index()}&size=${size}`])
  }
  const statements = Array.from({ length: count }, statement)
  if (mode === 'single') return statements.map((body) => ['POST', path, 'application/sd-jwt', body])
  return Array.from({ length: Math.ceil(count / batch) }, (_, i) => [
    'POST',
    path,
    'application/x-ndjson',
    statements.slice(i * batch, (i + 1) * batch).join('\n'),
  ])
}

const checks = { single: [201, hasReceipt], batch: [200, created], proof: [200, () => {}] }

async function answer(job) {
  try {
    prepared ??= prepare(job)
    if (job.only === 'prepare') return process.send({})
    const requests = prepared
    prepared = undefined
    const { elapsed, times } = await send(requests, job.connections, ...checks[job.mode])
    const at = (q) => times[Math.min(times.length - 1, Math.floor(times.length * q))]
    process.send({ rate: job.count / elapsed, elapsed, median: at(0.5), p99: at(0.99) })
  } catch (error) {
    process.send({ error: String(error.stack) })
  }
}

process.on('message', (job) => void answer(job))

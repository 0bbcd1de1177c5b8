// The load generator, a process of its own: signs statements before the clock starts, then sends them.
import { randomBytes, randomUUID } from 'node:crypto'
import { Pool } from 'undici'
import { composeStatement } from '../dist/src/evidence/index.js'
import { readKeyFile } from '../dist/src/node/index.js'

const { url, origin, keyPath } = JSON.parse(process.argv[2])
const signer = readKeyFile(keyPath)

function statement() {
  const context = {
    iss: 'depositor',
    aud: origin,
    jti: randomUUID(),
    iat: Math.floor(Date.now() / 1000),
    kind: 'evidence.deposit',
  }
  const item = {
    size: 4096,
    digest: { sha256: randomBytes(32).toString('hex') },
    mediaType: 'image/jpeg',
    category: 'file',
  }
  return composeStatement(
    context,
    { items: [item] },
    { names: ['photo.jpg'], case: [{ number: '(2026)沪0104刑初123号' }] },
    signer,
    randomBytes,
  ).presentation
}

async function post(pool, body, type, expected) {
  const response = await pool.request({
    path: '/v1/statements',
    method: 'POST',
    headers: { 'content-type': type },
    body,
  })
  const text = await response.body.text()
  if (response.statusCode !== expected) throw new Error(`HTTP ${response.statusCode}: ${text.slice(0, 300)}`)
  return text
}

/** Sends bodies over a number of connections; gives the time of each, in milliseconds. */
async function send(bodies, connections, type, expected, check) {
  const pool = new Pool(url, { connections, pipelining: 1 })
  const times = []
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < bodies.length) {
        const body = bodies[next++]
        const from = performance.now()
        check(await post(pool, body, type, expected))
        times.push(performance.now() - from)
      }
    }),
  )
  const elapsed = (performance.now() - started) / 1000
  await pool.close()
  return { elapsed, times: times.sort((a, b) => a - b) }
}

const hasReceipt = (text) => {
  if (!text.includes('c2sp.org/tlog-proof')) throw new Error('an answer without a receipt')
}

async function run({ mode, count, connections, batch }) {
  const statements = Array.from({ length: count }, statement)
  if (mode === 'single') return send(statements, connections, 'application/sd-jwt', 201, hasReceipt)
  const bodies = []
  for (let i = 0; i < count; i += batch) bodies.push(statements.slice(i, i + batch).join('\n'))
  return send(bodies, connections, 'application/x-ndjson', 200, (text) => {
    const created = text.split('"status":201').length - 1
    if (created === 0 || text.includes('"code"')) throw new Error(`a batch was refused in part: ${text.slice(0, 300)}`)
  })
}

async function answer(job) {
  try {
    const { elapsed, times } = await run(job)
    const at = (q) => times[Math.min(times.length - 1, Math.floor(times.length * q))]
    process.send({ rate: job.count / elapsed, median: at(0.5), p99: at(0.99) })
  } catch (error) {
    process.send({ error: String(error.stack) })
  }
}

process.on('message', (job) => void answer(job))

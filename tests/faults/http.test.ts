import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { figures, option } from '../support/fault-server.ts'
import { sizeOf } from '../support/long.ts'
import { mutated } from '../support/mutator.ts'
import { AnswerCheck, type Operation, operationsOf } from '../support/openapi.ts'
import { Random } from '../support/random.ts'
import { type Party, type TestServer, testServer } from '../support/server.ts'

/*
 * Requests made from the server's own OpenAPI document, right and wrong, by everybody: no 5xx, and no answer that the document does not
 * allow. `npm run faults -- http --requests 200000 --seed 1` is the long form.
 */
const requests = option('requests', sizeOf('tests/faults/http.test.ts', 'requests'))
const seed = option('seed', 1)

let server: TestServer
let operations: Operation[]
let readers: readonly (Party | undefined)[]
const check = new AnswerCheck()

beforeAll(async () => {
  // No limit of bad signatures: it would soon answer for everything.
  server = await testServer({ reading: 'participants', settings: { refusalsPerMinute: 1_000_000_000 } })
  const sealed = { names: ['a.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
  await server.fill(300, { sealed })
  readers = [
    undefined,
    server.administrator,
    server.depositor,
    await server.admit('auditor', ['auditor']),
    await server.admit('other', ['depositor']),
  ]
  operations = operationsOf((await server.request('/openapi.json')).json())
})
afterAll(() => server.remove())

const good: Readonly<Record<string, readonly string[]>> = {
  index: ['0', '1', '7', '299'],
  size: ['1', '256', '300'],
  from: ['1', '5', '256'],
  to: ['256', '300'],
  erasures: ['0'],
  wait: ['0'],
  digest: [`sha256:${'0'.repeat(64)}`],
  case: ['(2026)沪0104刑初123号', 'x'],
  participant: ['depositor', 'nobody'],
  kind: ['evidence.deposit', 'ledger.genesis'],
  after: ['0', '250'],
  limit: ['1', '1000'],
  root: [`${'A'.repeat(43)}=`],
  '*': ['0/000', '0/001.p/43', 'entries/000', '1/000.p/1', '0/001', '9/000', '0/000.p/3'],
}
const bad = [
  '',
  '-1',
  '1.5',
  '00',
  '1e3',
  '9007199254740992',
  '99999999999999999999',
  'null',
  '[]',
  '../..',
  '\u0000',
  '%',
  "' or 1=1",
  'é',
  'x'.repeat(3000),
  '{"a":1}',
  '__proto__',
  '0/000/',
  'entries/x',
]

/** A value, mostly one that fits the name. */
function valueFor(name: string, random: Random): string {
  return random.below(4) === 0 ? random.pick(bad) : random.pick(good[name] ?? bad)
}

function pathOf({ path, parameters }: Operation, random: Random): string {
  const filled = path.replace(/\{([^}]+)\}/g, (_whole, name: string) => {
    const value = valueFor(name, random)
    return name === '*' && random.below(4) > 0 ? encodeURI(value) : encodeURIComponent(value)
  })
  const query: string[] = []
  for (const { name, in: place } of parameters) {
    if (place !== 'query') continue
    const times = random.pick([0, 1, 1, 1, 1, 2])
    for (let i = 0; i < times; i++) query.push(`${name}=${encodeURIComponent(valueFor(name, random))}`)
  }
  if (random.below(10) === 0) query.push(`${encodeURIComponent(random.pick(bad))}=1`)
  if (random.below(40) === 0) query.push('%zz')
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`
}

/** Statements as samples: one of each party, and a batch. */
function bodies(): Uint8Array[] {
  const parties = [server.depositor, server.administrator]
  const singles = parties.flatMap((party) =>
    [0, 1].map((i) => server.deposit(`fuzz ${i}`, { sealed: { note: 'n' } }, party).presentation),
  )
  return [...singles, singles.join('\n')].map((one) => Buffer.from(one))
}

interface Made {
  readonly path: string
  readonly options: { readonly method: string; readonly headers: Record<string, string>; readonly body?: Uint8Array }
}

function made(operation: Operation, samples: readonly Uint8Array[], random: Random): Made {
  const headers: Record<string, string> = {}
  const reader = random.pick(readers)
  if (reader !== undefined) headers['authorization'] = `Bearer ${server.token(reader)}`
  if (random.below(12) === 0)
    headers['authorization'] = random.pick(['Bearer', 'Bearer x.y.z', 'Basic YTpi', `Bearer ${'a'.repeat(5000)}`])
  if (random.below(3) === 0) headers['accept'] = random.pick(['text/plain', 'application/json', '*/*', 'image/png', ''])
  if (random.below(8) === 0) headers['accept-encoding'] = random.pick(['gzip', 'gzip;q=0', 'br', ';;;'])
  if (random.below(8) === 0) headers['prefer'] = random.pick(['return=minimal', 'return=', 'x'])
  const path = pathOf(operation, random)
  if (operation.bodyTypes.length === 0) return { path, options: { method: operation.method, headers } }
  const types = [
    ...operation.bodyTypes,
    ...operation.bodyTypes,
    'application/json',
    'text/html',
    'x',
    'text/plain; charset=x',
  ]
  if (random.below(20) > 0) headers['content-type'] = random.pick(types)
  const body = random.below(30) === 0 ? new Uint8Array(0) : mutated(samples, random)
  return { path, options: { method: operation.method, headers, body } }
}

describe('requests made from the OpenAPI document', () => {
  it(`are answered as it says, ${requests} of them`, async () => {
    const random = new Random(seed)
    const samples = bodies()
    const statuses: Record<string, number> = {}
    const faults: string[] = []
    const began = performance.now()
    const one = async (): Promise<void> => {
      const operation = random.pick(operations)
      const { path, options } = made(operation, samples, random)
      const answer = await server.request(path, options)
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const fault = answer.status >= 500 ? `answered ${answer.status}` : check.fault(operation, answer)
      if (fault !== undefined)
        faults.push(
          `${fault}: ${options.method} ${path}, ${answer.body.toString().slice(0, 200)}: ${JSON.stringify(options.headers)}`,
        )
    }
    for (let done = 0; done < requests && faults.length < 20; done += 20)
      await Promise.all(Array.from({ length: 20 }, one))
    expect(faults).toEqual([])
    // Every operation was reached, and both kinds of answer were seen.
    expect(statuses['200']).toBeGreaterThan(requests / 20)
    expect(statuses['400']).toBeGreaterThan(requests / 50)
    expect((await server.request('/readyz')).status).toBe(200)
    const seconds = Math.round((performance.now() - began) / 1000)
    figures('http', {
      requests,
      seed,
      operations: operations.length,
      '5xx': 0,
      'not documented': 0,
      ...statuses,
      seconds,
    })
  })

  it('reach every route that there is', () => {
    expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toMatchInlineSnapshot(`
      [
        "GET /checkpoint",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "GET /tile/{path}",
        "GET /v1/entries",
        "GET /v1/entries/{index}",
        "GET /v1/entries/{index}/access",
        "GET /v1/entries/{index}/custody",
        "GET /v1/entries/{index}/receipt",
        "GET /v1/entries/{index}/served",
        "GET /v1/entries/{index}/status",
        "GET /v1/ledger",
        "GET /v1/participants",
        "GET /v1/proofs/consistency",
        "GET /v1/proofs/inclusion",
        "GET /v1/readings",
        "GET /v1/replication",
        "GET /v1/statements/{participant}/{jti}",
        "GET /v1/timestamps",
        "GET /v1/timestamps/{size}",
        "POST /v1/entries/search",
        "POST /v1/receipts",
        "POST /v1/statements",
        "POST /v1/timestamps",
      ]
    `)
  })
})

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { composePossession } from '../../src/statements/compose.ts'
import type { Clock } from '../../src/ledger/clock.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'

describe('GET /v1/ledger', () => {
  it('says what the ledger is', async () => {
    const server = await testServer({ reading: 'participants' })
    try {
      const answer = await server.get('/v1/ledger')
      expect(answer.status).toBe(200)
      expect(answer.headers['cache-control']).toBe('no-cache')
      const info = answer.json<{ policy: string; vkey: string; time: string; root: string; checkpoint: string }>()
      const policy = readFileSync(server.folder.folder.policy, 'utf8')
      expect(info).toMatchObject({
        origin: server.origin,
        environment: 'trial',
        reading: 'participants',
        openDisclosures: false,
        size: 2,
        policy,
      })
      expect(answer.json()).toHaveProperty('warning')
      expect(parsePolicy(utf8(info.policy)).logs.map(({ key }) => key.text)).toEqual([info.vkey])
      expect(info.checkpoint.split('\n').slice(0, 3)).toEqual([server.origin, '2', info.root])
      const last = await server.get('/v1/entries/1', server.depositor)
      expect(last.json()).toMatchObject({ time: info.time })
      await server.post(server.deposit('grows').presentation)
      expect((await server.get('/v1/ledger')).json()).toMatchObject({ size: 3 })
    } finally {
      await server.remove()
    }
  })
})

describe('GET /v1/participants', () => {
  it('says who may sign what, by which key, since when and until when', async () => {
    const server = await testServer()
    try {
      await server.administer('participant.admit', {
        participant: {
          id: 'notary-3',
          type: 'notary',
          name: 'Third Notary Office',
          roles: ['attestor', 'auditor'],
          keys: [signerNamed('notary-3').jwk],
        },
      })
      const person = {
        id: 'p-00000000000000f1',
        type: 'person',
        roles: ['attestor'],
        keys: [signerNamed('p-00000000000000f1').jwk],
      }
      await server.administer(
        'participant.admit',
        { participant: person, identifiedBy: 'document' },
        { sealed: { names: 'Somebody Private', note: 'Passport of Somebody Private' } },
      )
      const newKey = signerNamed('depositor anew')
      const context = { aud: server.origin, iss: 'depositor', jti: crypto.randomUUID() }
      const possession = composePossession({ ...context, old: server.depositor.key.thumbprint }, newKey)
      const rotation = server.sign(
        server.depositor,
        'participant.rotate-key',
        { newKey: newKey.jwk, possession },
        context,
      )
      expect((await server.post(rotation.presentation)).status).toBe(201)
      const compromisedSince = new Date(Date.now() - 3_600_000).toISOString()
      await server.administer('participant.revoke', {
        participant: 'notary-3',
        reason: 'compromised',
        compromisedSince,
      })
      await server.administer('participant.revoke', {
        key: signerNamed('p-00000000000000f1').thumbprint,
        reason: 'superseded',
      })
      const answer = await server.get('/v1/participants')
      const { participants } = answer.json<{ participants: Record<string, unknown>[] }>()
      const key = (signer: ReturnType<typeof signerNamed>, more: object): object => ({
        thumbprint: signer.thumbprint,
        jwk: signer.jwk,
        ...more,
      })
      expect(participants).toEqual([
        {
          id: 'administrator',
          roles: ['administrator'],
          active: true,
          since: 0,
          keys: [key(server.administrator.key, { status: 'active', since: 0 })],
        },
        {
          id: 'depositor',
          type: 'organisation',
          roles: ['depositor'],
          active: true,
          since: 1,
          keys: [
            key(server.depositor.key, { status: 'rotated', since: 1, until: 4 }),
            key(newKey, { status: 'active', since: 4 }),
          ],
        },
        {
          id: 'notary-3',
          type: 'notary',
          name: 'Third Notary Office',
          roles: ['attestor', 'auditor'],
          active: false,
          since: 2,
          revokedAt: 5,
          compromisedSince,
          keys: [key(signerNamed('notary-3'), { status: 'active', since: 2 })],
        },
        {
          id: 'p-00000000000000f1',
          type: 'person',
          identifiedBy: 'document',
          roles: ['attestor'],
          active: false,
          since: 3,
          keys: [key(signerNamed('p-00000000000000f1'), { status: 'revoked', since: 3, until: 6 })],
        },
      ])
      expect(answer.text).not.toContain('Somebody Private')
    } finally {
      await server.remove()
    }
  })
})

describe('health', () => {
  let server: TestServer
  let offsetMs = 0
  const clock: Clock = { wall: () => Date.now() + offsetMs, monotonic: () => performance.now() }

  beforeAll(async () => {
    server = await testServer({ clock })
  })
  afterAll(() => server.remove())

  it('/healthz answers while the process does', async () => {
    const answer = await server.get('/healthz')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ status: 'ok' })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('/readyz says that deposits are accepted, and how many entries there are', async () => {
    const answer = await server.get('/readyz')
    expect(answer.status).toBe(200)
    expect(answer.json()).toEqual({ status: 'ready', size: await server.size(), lookups: 'verified' })
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it.each([
    ['ahead', 61_500],
    ['behind', -61_500],
    ['a year ahead', 366 * 24 * 3_600_000],
  ])('/readyz and deposits answer 503 while the clock is wrong (%s), reads go on', async (_name, wrongMs) => {
    const size = await server.size()
    const { presentation } = server.deposit(`under a wrong clock ${wrongMs}`)
    offsetMs = wrongMs
    try {
      for (const answer of [await server.get('/readyz'), await server.post(presentation)]) {
        expect(answer.status).toBe(503)
        expect(problemIn(answer).code).toBe('clock-unsafe')
        expect(answer.headers['retry-after']).toMatch(/^[1-9][0-9]*$/)
      }
      expect((await server.get('/healthz')).status).toBe(200)
      expect((await server.get('/v1/entries/0')).status).toBe(200)
      expect((await server.get('/metrics')).text).toMatch(/^evidence_ready 0$/m)
      expect(await server.size()).toBe(size)
    } finally {
      offsetMs = 0
    }
    expect((await server.get('/readyz')).status).toBe(200)
    expect((await server.post(presentation)).status).toBe(201)
    expect((await server.get('/metrics')).text).toMatch(/^evidence_ready 1$/m)
  })

  it('a clock that is off by less than a minute stops nothing', async () => {
    for (const small of [50_000, 0]) {
      offsetMs = small
      expect((await server.get('/readyz')).status).toBe(200)
    }
  })

  it('a server started behind the last entry serves, and waits with deposits', async () => {
    const own = await testServer()
    await own.post(own.deposit('last').presentation)
    await own.stop()
    const behind = await own.restart({}, { wall: () => Date.now() - 600_000, monotonic: () => performance.now() })
    try {
      const ready = await behind.get('/readyz')
      expect(ready.status).toBe(503)
      expect(problemIn(ready).code).toBe('clock-unsafe')
      expect(Number(ready.headers['retry-after'])).toBeGreaterThan(500)
      expect(problemIn(await behind.post(behind.deposit('early').presentation)).code).toBe('clock-unsafe')
      expect((await behind.get('/v1/entries/2')).status).toBe(200)
    } finally {
      await behind.remove()
    }
  })

  it('a server whose clock is far ahead of the last entry starts only on the operator’s word', async () => {
    const own = await testServer()
    await own.stop()
    const ahead: Clock = { wall: () => Date.now() + 40 * 24 * 3_600_000, monotonic: () => performance.now() }
    try {
      const refused = await own.restart({}, ahead).then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(isEvidenceError(refused, 'clock-unsafe')).toBe(true)
      for (const settings of [{ acceptClockGap: true }, { maxClockGapDays: 41 }]) {
        const running = await own.restart(settings, ahead)
        expect((await running.get('/readyz')).status).toBe(200)
        await running.stop()
      }
    } finally {
      await own.remove()
    }
  })
})

describe('GET /metrics', () => {
  it('counts what an operator watches, in the text of Prometheus', async () => {
    const server = await testServer()
    try {
      const { presentation } = server.deposit('counted', { sealed: { note: 'private note' } })
      await server.post(presentation)
      await server.post(presentation)
      await server.post('nonsense')
      await server.post(server.deposit('x', {}, server.administrator).presentation)
      await server.get('/v1/entries?kind=evidence.deposit')
      await server.get('/nowhere?case=private')
      const answer = await server.get('/metrics')
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
      const value = (name: string): number => {
        const line = answer.text.split('\n').find((one) => one.startsWith(`${name} `))
        return Number(line?.slice(name.length + 1))
      }
      expect(value('evidence_entries')).toBe(3)
      expect(value('evidence_queue_depth')).toBe(0)
      expect(value('evidence_ready')).toBe(1)
      expect(value('evidence_last_entry_timestamp_seconds')).toBeGreaterThan(Date.now() / 1000 - 60)
      expect(value('evidence_statements_total{outcome="created"}')).toBe(1)
      expect(value('evidence_statements_total{outcome="existing"}')).toBe(1)
      expect(value('evidence_statements_total{outcome="jws-malformed"}')).toBe(1)
      expect(value('evidence_statements_total{outcome="role-missing"}')).toBe(1)
      for (const step of ['prepare', 'store', 'head']) {
        expect(value(`evidence_commit_seconds_count{step="${step}"}`)).toBe(1)
      }
      expect(value('evidence_group_entries_sum')).toBe(1)
      expect(value('evidence_http_request_seconds_count{route="/v1/statements",status="2xx"}')).toBe(2)
      expect(value('evidence_http_request_seconds_count{route="/v1/statements",status="4xx"}')).toBe(2)
      expect(value('evidence_http_request_seconds_count{route="none",status="4xx"}')).toBe(1)
      expect(answer.text).toContain('process_cpu_seconds_total')
      expect(answer.text).not.toContain('private')
    } finally {
      await server.remove()
    }
  })
})

/** Every route of the API, with its methods. */
const routes: Readonly<Record<string, readonly string[]>> = {
  '/v1/statements': ['POST'],
  '/v1/ledger': ['GET', 'HEAD'],
  '/v1/entries': ['GET', 'HEAD'],
  '/v1/entries/search': ['POST'],
  '/v1/receipts': ['POST'],
  '/v1/statements/{participant}/{jti}': ['GET', 'HEAD'],
  '/v1/entries/{index}': ['GET', 'HEAD'],
  '/v1/entries/{index}/receipt': ['GET', 'HEAD'],
  '/v1/entries/{index}/status': ['GET', 'HEAD'],
  '/v1/entries/{index}/access': ['GET', 'HEAD'],
  '/v1/entries/{index}/custody': ['GET', 'HEAD'],
  '/v1/entries/{index}/served': ['GET', 'HEAD'],
  '/v1/readings': ['GET', 'HEAD'],
  '/v1/proofs/inclusion': ['GET', 'HEAD'],
  '/v1/proofs/consistency': ['GET', 'HEAD'],
  '/v1/participants': ['GET', 'HEAD'],
  '/v1/replication': ['GET', 'HEAD'],
  '/v1/timestamps': ['GET', 'HEAD', 'POST'],
  '/v1/timestamps/{size}': ['GET', 'HEAD'],
}
const otherRoutes: Readonly<Record<string, readonly string[]>> = {
  '/checkpoint': ['GET', 'HEAD'],
  '/tile/0/000.p/2': ['GET', 'HEAD'],
  '/healthz': ['GET', 'HEAD'],
  '/readyz': ['GET', 'HEAD'],
  '/metrics': ['GET', 'HEAD'],
  '/openapi.json': ['GET', 'HEAD'],
}

describe('addresses and methods', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it.each(Object.entries({ ...routes, ...otherRoutes }))(
    '%s refuses other methods than %j with 405',
    async (path, methods) => {
      const url = path.replace('{index}', '0')
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((one) => !methods.includes(one))) {
        for (const more of [{}, { body: 'x', headers: { 'content-type': 'application/xml' } }]) {
          const answer = await server.request(url, { method, ...more })
          expect({ method, status: answer.status }).toEqual({ method, status: 405 })
          expect(problemIn(answer).code).toBe('method-not-allowed')
          expect(answer.headers.allow?.split(', ').sort()).toEqual([...methods].sort())
        }
      }
      expect(await server.size()).toBe(2)
    },
  )

  it('answer HEAD as GET, without a body', async () => {
    for (const path of ['/v1/ledger', '/v1/entries/0', '/checkpoint', '/tile/0/000.p/2', '/healthz']) {
      const get = await server.get(path)
      const head = await server.request(path, { method: 'HEAD' })
      expect(head.status).toBe(200)
      expect(head.body.length).toBe(0)
      for (const name of ['content-type', 'cache-control'] as const) expect(head.headers[name]).toBe(get.headers[name])
    }
  })

  it.each([
    '/v1',
    '/v1/',
    '/v2/ledger',
    '/V1/ledger',
    '/v1/ledger/',
    '/v1/entries/0/',
    '/v1/entries/0/receipts',
    '/v1/proofs',
    '/v1/proofs/other',
    '/v1/statements/0',
    '/favicon.ico',
    '/nowhere?case=1',
    '//v1/ledger',
  ])('%s is 404', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const answer = await server.request(path, { method })
      expect({ method, status: answer.status }).toEqual({ method, status: 404 })
      expect(problemIn(answer).code).toBe('not-found')
    }
  })

  it.each(['/%zz', '/v1/entries/%zz', '/v1/entries/%ff', '/tile/%', `/v1/entries/${'1'.repeat(100)}`])(
    '%s is refused in a problem document that does not repeat it',
    async (path) => {
      const answer = await server.get(path)
      expect(Math.floor(answer.status / 100)).toBe(4)
      expect(problemIn(answer).type).toMatch(/^urn:evidence-ledger:problem:/)
      expect(answer.text).not.toContain(path)
    },
  )
})

type Schema = Readonly<Record<string, unknown>>
interface Operation {
  readonly responses?: Readonly<Record<string, { description?: string; content?: Record<string, { schema?: Schema }> }>>
  readonly parameters?: readonly { name?: string; in?: string; required?: boolean; schema?: Schema }[]
  readonly requestBody?: { content?: Record<string, unknown> }
  readonly description?: string
}
interface OpenApi {
  readonly openapi: string
  readonly info: { readonly title?: string; readonly version?: string }
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

describe('GET /openapi.json', () => {
  let server: TestServer
  let document: OpenApi
  let text: string
  beforeAll(async () => {
    server = await testServer()
    const answer = await server.get('/openapi.json')
    text = answer.text
    document = answer.json<OpenApi>()
  })
  afterAll(() => server.remove())

  it('is served as JSON', async () => {
    const answer = await server.get('/openapi.json')
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
  })

  const operations = (): [string, string, Operation][] =>
    Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]): [string, string, Operation] => [path, method, operation]),
    )

  it('is OpenAPI 3.1: version, title, paths, and for each operation its parameters and responses', () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(document.info.title).toBeTruthy()
    expect(document.info.version).toBe('test')
    expect(operations().length).toBeGreaterThan(Object.keys(routes).length)
    for (const [path, method, operation] of operations()) {
      const name = `${method} ${path}`
      expect(path).toMatch(/^\//)
      expect(['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace']).toContain(method)
      expect({ name, described: operation.description !== undefined }).toEqual({ name, described: true })
      const responses = Object.entries(operation.responses ?? {})
      expect({ name, responses: responses.length > 0 }).toEqual({ name, responses: true })
      for (const [status, { description }] of responses) {
        expect(status).toMatch(/^([1-5](?:\d\d|XX)|default)$/)
        expect({ name, status, described: typeof description }).toEqual({ name, status, described: 'string' })
      }
      const parameters = operation.parameters ?? []
      const keys = parameters.map((parameter) => `${parameter.in} ${parameter.name}`)
      expect(new Set(keys).size).toBe(keys.length)
      for (const parameter of parameters) {
        expect(['query', 'path', 'header', 'cookie']).toContain(parameter.in)
        expect(parameter.schema).toBeTypeOf('object')
        expect(parameter.required === true || parameter.in !== 'path').toBe(true)
      }
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => `path ${match[1]}`)
      expect(keys.filter((key) => key.startsWith('path ')).sort()).toEqual(inPath.sort())
    }
  })

  it('has every route of /v1, and no method that they refuse', () => {
    const found = Object.fromEntries(
      Object.entries(document.paths)
        .filter(([path]) => path.startsWith('/v1'))
        .map(([path, item]) => [path, Object.keys(item).map((method) => method.toUpperCase())]),
    )
    const expected = Object.fromEntries(
      Object.entries(routes).map(([path, methods]) => [path, methods.filter((method) => method !== 'HEAD')]),
    )
    expect(found).toEqual(expected)
    for (const path of ['/checkpoint', '/healthz', '/readyz', '/metrics']) expect(document.paths).toHaveProperty([path])
  })

  it('resolves every reference inside itself', () => {
    const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] as string)
    expect(references.filter((reference) => !reference.startsWith('#/'))).toEqual([])
    const dangling = references.filter((reference) => {
      let at: unknown = document
      for (const step of reference.slice(2).split('/')) at = (at as Record<string, unknown> | undefined)?.[step]
      return at === undefined
    })
    expect(dangling).toEqual([])
  })

  it('describes the parameters of queries', () => {
    const names = (path: string): string[] =>
      (document.paths[path]?.['get']?.parameters ?? []).map(({ name = '' }) => name).sort()
    expect(names('/v1/entries')).toEqual(['after', 'case', 'digest', 'exhibit', 'kind', 'limit', 'participant'])
    expect(names('/v1/proofs/inclusion')).toEqual(['index', 'size'])
    expect(names('/v1/proofs/consistency')).toEqual(['from', 'to'])
    const required = (document.paths['/v1/proofs/inclusion']?.['get']?.parameters ?? []).filter((one) => one.required)
    expect(required.map(({ name }) => name)).toEqual(['index'])
  })

  it('describes the body of a deposit, in each media type that it may have', () => {
    const { requestBody } = document.paths['/v1/statements']?.['post'] ?? {}
    expect(Object.keys(requestBody?.content ?? {}).sort()).toEqual([
      'application/json',
      'application/jwt',
      'application/sd-jwt',
      'application/x-ndjson',
      'text/plain',
    ])
  })

  it('describes refusals as the problem documents that they are', () => {
    for (const [path, method, { responses = {} }] of operations().filter(([path]) => path.startsWith('/v1'))) {
      const refusals = Object.entries(responses).filter(([status]) => /^[45]/.test(status))
      expect(refusals.length).toBeGreaterThan(0)
      for (const [status, { content = {} }] of refusals) {
        const where = `${method} ${path} ${status}`
        expect({ where, types: Object.keys(content) }).toEqual({ where, types: ['application/problem+json'] })
      }
    }
  })

  it('is what /docs shows', async () => {
    const page = await server.get('/docs/')
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toMatch(/^text\/html/)
    expect((await server.get('/docs')).status).toBe(200)
    const assets = [...page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map((match) => match[1])
    expect(assets.length).toBeGreaterThan(2)
    for (const asset of assets) {
      const answer = await server.get(`/docs/${asset}`)
      expect({ asset, status: answer.status }).toEqual({ asset, status: 200 })
    }
    expect(page.text).not.toMatch(/(?:src|href)="(?:https?:)?\/\//)
  })
})

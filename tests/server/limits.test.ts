import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, Problem } from '../../src/api/answers.ts'
import { maxBatchBody, maxStatementBody } from '../../server/settings.ts'
import { type Answer, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { Windows } from '../../server/windows.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }

/** A whole number of seconds, at least 1. */
function retryAfter(answer: Answer): number {
  const text = answer.headers['retry-after'] ?? ''
  expect(text).toMatch(/^[1-9][0-9]*$/)
  return Number(text)
}

describe('media types and body limits', () => {
  let server: TestServer
  let size: number

  beforeAll(async () => {
    server = await testServer()
    size = await server.size()
  })
  afterAll(() => server.remove())

  it.each([
    ['application/json', '{}'],
    ['application/json', 'the statement itself'],
    ['application/xml', 'the statement itself'],
    ['application/octet-stream', 'the statement itself'],
    ['multipart/form-data; boundary=x', 'the statement itself'],
    ['nonsense', 'the statement itself'],
  ])('refuses %s with 415', async (type, body) => {
    const statement = server.deposit('of another type').presentation
    const answer = await server.post(body === '{}' ? body : statement, { 'content-type': type })
    expect(answer.status).toBe(415)
    expect(problemIn(answer).code).toBe('media-type')
    expect(await server.size()).toBe(size)
  })

  it('refuses a request without a media type, or without a body', async () => {
    const body = server.deposit('of no type').presentation
    for (const options of [{ body }, {}]) {
      const answer = await server.request('/v1/statements', { method: 'POST', ...options })
      expect(answer.status).toBe(415)
      expect(problemIn(answer).code).toBe('media-type')
    }
    const empty = await server.post('')
    expect(empty.status).toBe(400)
    problemIn(empty)
    expect(await server.size()).toBe(size)
  })

  it('says its limits', async () => {
    const { limits } = (await server.get('/v1/ledger')).json<{ limits: Record<string, number> }>()
    expect(limits).toEqual({
      statementBytes: maxStatementBody,
      batchBytes: maxBatchBody,
      batchLines: 1000,
      entryBytes: 65_535,
    })
  })

  it('refuses one statement over the limit it says', async () => {
    const { jws } = server.deposit('long')
    const atLimit = await server.post(jws.padEnd(maxStatementBody, 'A'))
    expect(problemIn(atLimit).code).toBe('statement-too-large')
    for (const type of ['application/sd-jwt', 'application/jwt', 'text/plain']) {
      const answer = await server.post(jws.padEnd(maxStatementBody + 1, 'A'), { 'content-type': type })
      expect(answer.status).toBe(413)
      expect(problemIn(answer).code).toBe('body-too-large')
    }
    expect(await server.size()).toBe(size)
  })

  it('takes a batch that is larger than one statement may be', async () => {
    const own = await testServer()
    try {
      const note = 'x'.repeat(10_000)
      const lines = Array.from({ length: 40 }, (_, i) => own.deposit(`${i}`, { sealed: { note } }).presentation)
      expect(lines.join('\n').length).toBeGreaterThan(maxStatementBody)
      expect((await own.batch(lines)).map(({ status }) => status)).toEqual(lines.map(() => 201))
    } finally {
      await own.remove()
    }
  })

  it('refuses a batch over the limit by its announced length, before it is sent', async () => {
    const { port } = new URL(server.url)
    const answer = await new Promise<{ status: number; type: string; body: string }>((resolve, reject) => {
      const sent = httpRequest(
        {
          port,
          host: '127.0.0.1',
          path: '/v1/statements',
          method: 'POST',
          headers: { ...ndjson, 'content-length': maxBatchBody + 1 },
        },
        (response) => {
          let body = ''
          response.on('data', (chunk: Buffer) => (body += chunk.toString()))
          response.on('end', () => {
            resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body })
            sent.destroy()
          })
        },
      )
      sent.on('error', reject)
      sent.flushHeaders()
    })
    expect(answer.status).toBe(413)
    expect(answer.type).toMatch(/^application\/problem\+json/)
    expect((JSON.parse(answer.body) as Problem).code).toBe('body-too-large')
    expect(await server.size()).toBe(size)
  })
})

describe('rate limits', () => {
  let server: TestServer
  afterAll(() => server.remove())

  it('stops a key that hands in more than its share, with 429 and Retry-After, and no other key', async () => {
    server = await testServer({ settings: { statementsPerMinute: 3 } })
    const other = await server.admit('other', ['depositor'])
    for (let i = 0; i < 3; i++) expect((await server.post(server.deposit(`${i}`).presentation)).status).toBe(201)
    const held = server.deposit('one too many')
    const size = await server.size()
    const refused = await server.post(held.presentation)
    expect(refused.status).toBe(429)
    expect(problemIn(refused).code).toBe('rate-limited')
    expect(retryAfter(refused)).toBeLessThanOrEqual(60)
    const [line] = await server.batch([held.presentation])
    expect(line).toMatchObject({ status: 429, code: 'rate-limited' })
    expect(await server.size()).toBe(size)
    expect((await server.post(server.deposit('of another', {}, other).presentation)).status).toBe(201)
  })

  it('counts a share only for what the key signed: bad signatures in its name cost it nothing', async () => {
    const own = await testServer({ settings: { statementsPerMinute: 2 } })
    try {
      for (let i = 0; i < 5; i++) {
        const forged = own.deposit(`forged ${i}`).jws.replace(/[^.]{86}$/, 'A'.repeat(86))
        expect(problemIn(await own.post(forged)).code).toBe('signature-invalid')
      }
      for (let i = 0; i < 2; i++) expect((await own.post(own.deposit(`own ${i}`).presentation)).status).toBe(201)
    } finally {
      await own.remove()
    }
  })

  it('stops an address that sends bad signatures, before it verifies the next', async () => {
    const own = await testServer({ settings: { refusalsPerMinute: 2 } })
    try {
      const good = own.deposit('good').presentation
      const answers: Answer[] = []
      for (let i = 0; i < 4; i++) {
        answers.push(await own.post(own.deposit(`forged ${i}`).jws.replace(/[^.]{86}$/, 'A'.repeat(86))))
      }
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 429])
      retryAfter(answers[3] as Answer)
      for (const headers of [{}, ndjson]) {
        const refused = await own.post(good, headers)
        expect(refused.status).toBe(429)
        expect(problemIn(refused).code).toBe('rate-limited')
        retryAfter(refused)
      }
    } finally {
      await own.remove()
    }
  })
})

describe('a full queue', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await testServer({ settings: { maxQueue: 1 } })
  })
  afterAll(() => server.remove())

  it('answers 503 with Retry-After, stores nothing of it, and takes the same bytes later', async () => {
    const made = Array.from({ length: 60 }, (_, i) => server.deposit(`crowd ${i}`).presentation)
    const size = await server.size()
    const answers = await Promise.all(made.map((presentation) => server.post(presentation)))
    const stored = answers.filter(({ status }) => status === 201)
    const refused = answers.filter(({ status }) => status === 503)
    expect(stored.length + refused.length).toBe(60)
    expect(stored.length).toBeGreaterThan(0)
    expect(refused.length).toBeGreaterThan(0)
    for (const answer of refused) {
      expect(problemIn(answer).code).toBe('queue-full')
      retryAfter(answer)
    }
    for (const answer of stored) soundReceipt(server, answer.json<DepositAnswer>().receipt)
    expect(await server.size()).toBe(size + stored.length)
    for (const [i, presentation] of made.entries()) {
      const again = await server.post(presentation)
      expect(again.status).toBe(answers[i]?.status === 201 ? 200 : 201)
    }
    expect(await server.size()).toBe(size + 60)
  })

  it('marks the lines of a batch that found it full as busy, and seals the others', async () => {
    const made = Array.from({ length: 200 }, (_, i) => server.deposit(`line ${i}`).presentation)
    const size = await server.size()
    const results = await server.batch(made)
    expect(results).toHaveLength(200)
    const busy = results.filter((result) => result.busy === true)
    const stored = results.filter(({ status }) => status === 201)
    expect(busy.length).toBeGreaterThan(0)
    expect(stored.length).toBeGreaterThan(0)
    expect(busy.length + stored.length).toBe(200)
    for (const { status, code } of busy) expect({ status, code }).toEqual({ status: 503, code: 'queue-full' })
    expect(await server.size()).toBe(size + stored.length)
  })
})

describe('a queue bounded in bytes', () => {
  it('refuses what does not fit', async () => {
    const server = await testServer({ settings: { maxQueueBytes: 4096 } })
    try {
      const fits = await server.post(server.deposit('fits').presentation)
      expect(fits.status).toBe(201)
      const large = await server.post(server.deposit('large', { sealed: { note: 'x'.repeat(6000) } }).presentation)
      expect(large.status).toBe(503)
      expect(problemIn(large).code).toBe('queue-full')
      retryAfter(large)
    } finally {
      await server.remove()
    }
  })
})

describe('statements that somebody sends in the name of another', () => {
  /** What a stranger can make of what alice signed and everybody may read: none of it is sealed. */
  function stolen(server: TestServer): string[] {
    const { jws, presentation } = server.deposit('sealed for another ledger', { aud: 'elsewhere.example/ledger' })
    const foreign = server.deposit('another', { sealed: { note: 'foreign' } }).disclosures[0]?.text
    return [presentation, `${server.deposit('mine').jws}~${foreign}~`, jws]
  }

  it('R3A-H4: cost neither its key nor its quota anything, one by one and in a batch', async () => {
    const server = await testServer({ settings: { statementsPerMinute: 20, quotas: { depositor: 3 } } })
    try {
      for (let round = 0; round < 3; round++) {
        for (const body of stolen(server)) expect((await server.post(body)).status).toBe(400)
        const lines = await server.batch(stolen(server))
        expect(lines.map(({ status }) => status)).toEqual([400, 400, 400])
      }
      const made = Array.from({ length: 3 }, (_, i) => server.deposit(`own ${i}`).presentation)
      for (const presentation of made) expect((await server.post(presentation)).status).toBe(201)
      expect(problemIn(await server.post(server.deposit('past').presentation)).code).toBe('quota-exceeded')
      // What is there already is answered past the quota as before it.
      expect((await server.post(made[0] as string)).status).toBe(200)
    } finally {
      await server.remove()
    }
  })

  it('R3A-H4: the address that sends them is stopped, before the next is verified', async () => {
    const server = await testServer({ settings: { statementsPerMinute: 5 } })
    try {
      const [first] = stolen(server)
      for (let i = 0; i < 6; i++) expect((await server.post(first as string)).status).toBe(400)
      const refused = await server.post(first as string)
      expect(refused.status).toBe(429)
      expect(problemIn(refused).detail).toContain('not sealed')
      retryAfter(refused)
    } finally {
      await server.remove()
    }
  })

  it('R3A-H4: a batch past a quota has as many sealed as the quota has room for', async () => {
    const server = await testServer({ settings: { quotas: { depositor: 5 } } })
    try {
      const lines = Array.from({ length: 12 }, (_, i) => server.deposit(`line ${i}`).presentation)
      const size = await server.size()
      const [one, two] = await Promise.all([server.batch(lines.slice(0, 6)), server.batch(lines.slice(6))])
      const statuses = [...one, ...two].map(({ status }) => status)
      expect(statuses.filter((status) => status === 201)).toHaveLength(5)
      expect(statuses.filter((status) => status === 429)).toHaveLength(7)
      expect(await server.size()).toBe(size + 5)
    } finally {
      await server.remove()
    }
  })
})

describe('counts in windows', () => {
  it('begin with the first of a name, end after their length, and count nothing past their limit', () => {
    let now = 0
    const windows = new Windows(2, 60, () => now)
    expect([windows.take('a'), windows.take('a'), windows.take('a'), windows.take('b')]).toEqual([
      undefined,
      undefined,
      60,
      undefined,
    ])
    now = 59_500
    expect(windows.fullFor('a')).toBe(1)
    expect(windows.fullFor('b')).toBe(undefined)
    now = 60_000
    expect([windows.take('a'), windows.take('a'), windows.take('a')]).toEqual([undefined, undefined, 60])
    for (let i = 0; i < 5000; i++) {
      now += 100
      expect(windows.take(`name ${i}`)).toBe(undefined)
    }
    expect(windows.fullFor('a')).toBe(undefined)
  })
})

describe('a quota', () => {
  it('ends what a participant may have sealed in a day, counts no repetition, and is its own', async () => {
    const server = await testServer({ settings: { quotas: { depositor: 3 } } })
    try {
      const made = Array.from({ length: 4 }, (_, i) => server.deposit(`within the quota ${i}`).presentation)
      for (const presentation of made.slice(0, 3)) expect((await server.post(presentation)).status).toBe(201)
      // The same bytes again cost nothing, before the quota is used up and after.
      const past = await server.post(made[3] as string)
      expect(past.status).toBe(429)
      expect(problemIn(past).code).toBe('quota-exceeded')
      expect(retryAfter(past)).toBeGreaterThan(80_000)
      const results = await server.batch([made[3] as string])
      expect(results[0]).toMatchObject({ status: 429, code: 'quota-exceeded' })
    } finally {
      await server.remove()
    }
    const others = await testServer({ settings: { statementsPerDay: 2, quotas: { depositor: 5 } } })
    try {
      for (let i = 0; i < 5; i++) expect((await others.post(others.deposit(`${i}`).presentation)).status).toBe(201)
      expect((await others.post(others.deposit('6').presentation)).status).toBe(429)
    } finally {
      await others.remove()
    }
  })
})

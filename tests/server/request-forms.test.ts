import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'

const json = { 'content-type': 'application/json' }
const ndjson = { 'content-type': 'application/x-ndjson' }
const gzip = { 'content-encoding': 'gzip' }

interface ResultLine extends Partial<DepositAnswer> {
  readonly line: number
  readonly status: number
  readonly code?: string
}
const linesOf = (body: Buffer): ResultLine[] =>
  body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultLine)

describe('a statement', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it.each([
    ['{"statement":"S"}', json],
    [' {\r\n  "statement" : "S"\r\n}\r\n', json],
    ['{"statement":"S"}', { 'content-type': 'application/json; charset=utf-8' }],
    ['S\r\n', { 'content-type': 'text/plain' }],
  ])('is taken as %j', async (form, headers) => {
    const { presentation } = server.deposit(`one ${form}`, { sealed: { names: ['a.txt'] } })
    const answer = await server.post(form.replace('S', presentation), headers)
    expect(answer.status).toBe(201)
    const { receipt } = answer.json<DepositAnswer>()
    expect(soundReceipt(server, receipt).disclosures).toHaveLength(1)
  })

  it.each([
    ['[]', 'statement'],
    ['{}', 'statement'],
    ['{"statement":1}', 'statement'],
    ['{"statement":"a","other":1}', 'statement'],
    ['{"statement":"a","statement":"b"}', 'statement'],
    ['{"statement":"\\u0061"}', 'statement'],
    ['{"statement":"a"} x', 'statement'],
    [`{"statement":"a"${' '.repeat(1000)}`, 'statement'],
    ['"a"', 'statement'],
  ])('is refused as %j, with the form that is meant', async (body, where) => {
    const refused = problemIn(await server.post(body, json))
    expect(refused).toMatchObject({ status: 400, code: 'body-malformed', where })
    expect(refused.detail).toContain('{"statement": "…"}')
  })

  it.each(['', '; charset=utf-8', ';charset=utf-8', ' ; charset=utf-8', '\t; charset=utf-8', '\t;charset=utf-8'])(
    'R8: is taken for what its body was read as, however the media type is written (%j)',
    async (end) => {
      const { presentation } = server.deposit(`typed ${end}`)
      const document = { 'content-type': `application/JSON${end}` }
      expect((await server.post(JSON.stringify({ statement: presentation }), document)).status).toBe(201)
      const batch = await server.post(`${presentation}\n${presentation}\n`, {
        'content-type': `Application/x-ndjson${end}`,
      })
      expect([batch.status, linesOf(batch.body)]).toMatchObject([200, [{ status: 200 }, { status: 200 }]])
    },
  )

  it('may be compressed by gzip, alone or in a batch', async () => {
    const one = server.deposit('gzip one').presentation
    expect((await server.post(gzipSync(one), { 'content-type': 'application/sd-jwt', ...gzip })).status).toBe(201)
    const more = ['gzip two', 'gzip three'].map((name) => server.deposit(name).presentation)
    const answer = await server.post(gzipSync(more.join('\n')), { ...ndjson, 'content-encoding': 'GZIP' })
    expect(linesOf(answer.body).map(({ status }) => status)).toEqual([201, 201])
  })

  it('compressed to something endless is refused where it passes the limit of a plain body', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    expect(bomb.length).toBeLessThan(100_000)
    for (const headers of [{ 'content-type': 'text/plain' }, ndjson]) {
      const refused = problemIn(await server.post(bomb, { ...headers, ...gzip }))
      expect(refused).toMatchObject({ status: 413, code: 'body-too-large' })
    }
  })

  it.each([
    ['cut off', (whole: Buffer) => whole.subarray(0, -9)],
    ['altered', (whole: Buffer) => Buffer.concat([whole.subarray(0, 12), Buffer.from('xxxx'), whole.subarray(16)])],
    ['no gzip', () => Buffer.from('plain')],
  ])('whose gzip is %s is refused', async (_how, spoil) => {
    const whole = gzipSync(server.deposit('spoiled').presentation)
    const refused = problemIn(await server.post(spoil(whole), { 'content-type': 'text/plain', ...gzip }))
    expect(refused).toMatchObject({ status: 400, code: 'body-malformed' })
    expect(refused.detail).toContain('gzip')
  })

  it.each(['br', 'zstd', 'gzip, gzip', 'deflate'])(
    'in the coding %s is refused with 415, which says gzip',
    async (coding) => {
      const answer = await server.post('x', { 'content-type': 'text/plain', 'content-encoding': coding })
      expect(problemIn(answer)).toMatchObject({ status: 415, code: 'media-type', where: 'Content-Encoding' })
      expect(answer.headers['accept-encoding']).toBe('gzip')
      expect(answer.body.toString()).toContain('gzip')
    },
  )
})

describe('a batch', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it('takes bare lines, strings and objects in any mixture, with LF or CRLF, and numbers its results', async () => {
    const texts = [0, 1, 2, 3].map((n) => server.deposit(`mixed ${n}`).presentation)
    const [bare = '', text = '', object = '', last = ''] = texts
    const body = `${bare}\r\n"${text}"\r\n{"statement":"${object}"}\n{"statement": 7}\n ${last}\n{"statement":"${last}"}\r\n`
    const results = linesOf((await server.post(body, ndjson)).body)
    expect(results.map(({ line, status, code }) => [line, status, code])).toEqual([
      [1, 201, undefined],
      [2, 201, undefined],
      [3, 201, undefined],
      [4, 400, 'body-malformed'],
      [5, 400, expect.any(String)],
      [6, 201, undefined],
    ])
    for (const { receipt } of results.filter(({ status }) => status === 201)) soundReceipt(server, receipt)
  })

  it('of which nothing could be taken for the moment is 503 or 429 with Retry-After, and counts against no limit', async () => {
    const small = await testServer({ settings: { maxQueue: 1 } })
    try {
      const texts = Array.from({ length: 200 }, (_, n) => small.deposit(`busy ${n}`).presentation)
      const answers = await Promise.all(texts.map((text) => small.post([text, text].join('\n'), ndjson)))
      const refused = answers.filter(({ status }) => status !== 200)
      expect(refused.length).toBeGreaterThan(0)
      for (const answer of refused) {
        expect(['queue-full', 'queue-share-full']).toContain(problemIn(answer).code)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
      }
      for (const { body } of answers.filter(({ status }) => status === 200))
        expect(linesOf(body).some(({ status }) => status < 400)).toBe(true)
      // Each statement that was refused for the moment is accepted when it is sent again.
      for (const text of texts) expect((await small.post(text)).status).toBeLessThan(300)
    } finally {
      await small.remove()
    }
  })
})

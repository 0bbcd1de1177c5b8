import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { latin1, utf8 } from '../../src/core/bytes.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { readPemCertificates } from '../../src/timestamp/certificate.ts'
import { readCrl } from '../../src/timestamp/crl.ts'
import { judgeRecord, type RecordVerdict } from '../../src/timestamp/judge-record.ts'
import {
  coveredBytes,
  newRecord,
  parseRecord,
  type TimeStampRecord,
  withLayer,
  withMaterial,
} from '../../src/timestamp/record.ts'
import { readToken } from '../../src/timestamp/token.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'
import { sizeOf } from '../support/long.ts'
import { day, opensslAccepts, TestAuthority, type TestTimeStamper } from '../support/time-authority.ts'

/* docs/spec/13-time-stamps.md, "Time-stamp record" and "Record": renewals, their order, and whatever a stranger may send. */

const checkpoint = utf8('test.example/log\n1\nAAAA\n\n— test.example/log AAAA\n')
const now = Date.now()

describe.skipIf(lacks('openssl', 'faketime'))('a time-stamp record', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  let root: TestAuthority
  let old: TestTimeStamper
  let fresh: TestTimeStamper
  /** Stamped 20 days ago, by a certificate that ended 10 days ago. */
  let ended: TimeStampRecord

  beforeAll(() => {
    root = TestAuthority.root(path, 'Root')
    old = root.timeStamper('Old', { from: now - 40 * day, to: now - 10 * day })
    fresh = root.timeStamper('Fresh')
    ended = first(old, now - 20 * day)
  })

  const first = (stamper: TestTimeStamper, atMs: number, crls: Uint8Array[] = []): TimeStampRecord =>
    newRecord(checkpoint, {
      algorithm: 'sha256',
      tokens: [stamper.stamp(checkpoint, { atMs })],
      certificates: [],
      crls,
    })
  const renew = (
    record: TimeStampRecord,
    stamper: TestTimeStamper,
    atMs: number,
    hash: 'sha256' | 'sha512' = 'sha256',
  ): TimeStampRecord =>
    withLayer(record, {
      algorithm: hash,
      tokens: [stamper.stamp(record.bytes, { atMs, hash })],
      certificates: [],
      crls: [],
    })
  const judge = (
    record: TimeStampRecord,
    anchors: string | undefined = root.pem,
    nowMs = now,
  ): Promise<RecordVerdict> =>
    judgeRecord(record, anchors === undefined ? undefined : readPemCertificates(anchors, 'anchors'), nowMs)
  const codes = async (record: TimeStampRecord, anchors?: string): Promise<string[]> =>
    (await judge(record, anchors)).faults.map(({ code }) => code)

  it('whose certificate ended stands no more, and does where it was renewed before; openssl agrees about each token at its time', async () => {
    expect(await codes(ended)).toEqual(['time-stamp-expired'])
    const renewed = renew(ended, fresh, now - 15 * day)
    expect(await codes(renewed)).toEqual([])
    const [one, two] = (await judge(renewed)).layers
    expect(one?.standing[0]?.token.genTimeMs).toBe(Math.floor((now - 20 * day) / 1000) * 1000)
    expect(two?.standing).toHaveLength(1)
    const [token, renewal] = renewed.layers.flatMap(({ tokens }) => tokens) as [Uint8Array, Uint8Array]
    const check = (of: Uint8Array, data: Uint8Array, atMs?: number): boolean =>
      opensslAccepts(path, { token: of, data, anchors: root.pem, ...(atMs === undefined ? {} : { atMs }) })
    expect(check(token, coveredBytes(renewed, 0), now - 15 * day)).toBe(true)
    expect(check(token, coveredBytes(renewed, 0))).toBe(false)
    expect(check(renewal, coveredBytes(renewed, 1))).toBe(true)
  })

  it('renewed too late stands no more', async () => {
    expect(await codes(renew(ended, fresh, now - 5 * day))).toEqual(['time-stamp-expired'])
  })

  it('renewed with another hash stands, and so does a chain of three', async () => {
    const middle = root.timeStamper('Middle', { from: now - 30 * day, to: now - 6 * day })
    const chain = renew(renew(ended, middle, now - 12 * day, 'sha512'), fresh, now - 7 * day)
    expect(await codes(chain)).toEqual([])
    expect((await judge(chain)).layers.map(({ algorithm }) => algorithm)).toEqual(['sha256', 'sha512', 'sha256'])
    expect(await codes(renew(renew(ended, middle, now - 12 * day), fresh, now - 3 * day))).toEqual([
      'time-stamp-expired',
    ])
  })

  it('survives the theft of the first key where it was renewed before the revocation, and not where after', async () => {
    const authority = TestAuthority.root(path, 'Robbed')
    const stamper = authority.timeStamper('Robbed')
    const record = first(stamper, now - 20 * day)
    authority.revoke(stamper.certificate, now - 10 * day, 'keyCompromise')
    const crl = authority.crl()
    const anchors = authority.pem + root.pem
    const withList = (atMs: number): TimeStampRecord =>
      renew(withMaterial(record, { certificates: [], crls: [crl] }), fresh, atMs)
    expect(await codes(withList(now - 15 * day), anchors)).toEqual([])
    expect(await codes(withList(now - 5 * day), anchors)).toEqual(['time-stamp-revoked'])
  })

  it('keeps a list that was added before a renewal, which then covers it', async () => {
    const crl = root.crl(now - 16 * day)
    const record = renew(withMaterial(ended, { certificates: [], crls: [crl] }), fresh, now - 15 * day)
    expect((await judge(record)).layers[0]?.standing[0]?.goodAsOfMs).toBe(readCrl(crl).thisUpdateMs)
    // The same list a second time adds nothing.
    const twice = withMaterial(withMaterial(ended, { certificates: [], crls: [crl] }), {
      certificates: [],
      crls: [crl],
    })
    expect(twice.layers[0]?.crls).toHaveLength(1)
  })

  it('with a renewal of anybody else’s is judged without it', async () => {
    const stranger = TestAuthority.root(path, 'Stranger').timeStamper('Stranger')
    const good = first(fresh, now - 3 * day)
    const odd = renew(good, stranger, now - 2 * day)
    expect(await codes(odd)).toEqual([])
    expect((await judge(odd)).layers[1]?.standing).toEqual([])
    expect(await codes(renew(ended, stranger, now - 15 * day))).toEqual(['time-stamp-expired'])
  })

  it('with a renewal older than what it renews, or a token of tomorrow, is a fault', async () => {
    expect(await codes(renew(first(fresh, now - 3 * day), fresh, now - 4 * day))).toEqual(['time-stamp-order'])
    expect((await judge(first(fresh, now), root.pem, now - day)).faults.map(({ code }) => code)).toContain(
      'time-stamp-order',
    )
  })

  it('of several authorities stands on those that anchors are given for', async () => {
    const other = TestAuthority.root(path, 'Second')
    const tokens = [other.timeStamper('Second').stamp(checkpoint), fresh.stamp(checkpoint)]
    const record = newRecord(checkpoint, { algorithm: 'sha256', tokens, certificates: [], crls: [] })
    expect(await codes(record)).toEqual([])
    expect((await judge(record)).layers[0]?.standing.map(({ certificate }) => certificate.subject)).toEqual([
      'CN=Fresh, O=Test',
    ])
    expect((await judge(record, root.pem + other.pem)).layers[0]?.standing).toHaveLength(2)
  })

  it('with anything changed before a renewal is a fault of the renewal', async () => {
    const renewed = renew(withMaterial(ended, { certificates: [], crls: [root.crl()] }), fresh, now - 15 * day)
    const text = latin1(renewed.bytes)
    const without = text.replace(/^crl .*\n/m, '')
    expect(await codes(parseRecord(utf8(without)))).toContain('time-stamp-imprint')
  })

  it('is refused where its text is not exactly of the form', async () => {
    const text = latin1(ended.bytes)
    const spoilt = [
      '',
      text.slice(0, -1),
      text.replace('v1', 'v2'),
      text.replace('hash sha256', 'hash sha1'),
      text.replace('hash sha256\n', ''),
      text.replace(/^token .*\n/m, ''),
      text.replace(/^(token .*)\n/m, '$1=\n'),
      text.replace('checkpoint ', 'checkpoint  '),
      text.replaceAll('\n', '\r\n'),
      `${text}\n`,
      `${text}note aGk=\n`,
      `${text}hash sha256\n`,
      `${text}crl aGk=\ntoken aGk=\n`,
      text + `crl aGk=\n`.repeat(65),
      text + `hash sha256\ntoken aGk=\n`.repeat(32),
      text.replace(/^token /m, `token ${'A'.repeat(100_000)}\ntoken `),
    ]
    for (const one of spoilt) expect(() => parseRecord(utf8(one))).toThrow(/time-stamp record/)
  })

  describe('from a stranger', () => {
    /** Bytes with a few of them changed, cut off, doubled or put in. */
    const mutation = fc.record({
      at: fc.nat(),
      byte: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'flip', 'cut', 'insert', 'double', 'long'),
    })
    function mutate(bytes: Uint8Array, { at, byte, kind }: { at: number; byte: number; kind: string }): Uint8Array {
      const i = at % bytes.length
      const [head, tail] = [bytes.subarray(0, i), bytes.subarray(i)]
      if (kind === 'cut') return Uint8Array.from(head)
      if (kind === 'insert') return Uint8Array.from([...head, byte, ...tail])
      if (kind === 'double') return Uint8Array.from([...head, ...tail.subarray(0, 40), ...tail])
      const out = Uint8Array.from(bytes)
      if (kind === 'long') out.set([0x84, 0xff, 0xff, 0xff].slice(0, out.length - i), i)
      else out[i] = kind === 'flip' ? (out[i] as number) ^ (1 << (byte & 7)) : byte
      return out
    }

    it.each(['token', 'certificate', 'crl'] as const)(
      'a mutated %s neither crashes nor hangs, and never says another time',
      async (what) => {
        const crl = root.crl()
        const token = fresh.stamp(checkpoint)
        const certificate = readPemCertificates(readFileSync(fresh.certificate, 'utf8'), 'x')[0]?.der as Uint8Array
        const { genTimeMs } = readToken(token)
        const parts = { token, certificate, crl }
        await fc.assert(
          fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 3 }), async (mutations) => {
            const changed = { ...parts, [what]: mutations.reduce(mutate, parts[what]) }
            if (changed[what].length === 0) return
            const layer = {
              algorithm: 'sha256' as const,
              tokens: [changed.token],
              certificates: [changed.certificate],
              crls: [changed.crl],
            }
            const { faults, layers } = await judge(newRecord(checkpoint, layer))
            for (const { token: read } of layers[0]?.standing ?? []) expect(read.genTimeMs).toBe(genTimeMs)
            for (const fault of faults) expect(isEvidenceError(fault)).toBe(true)
          }),
          { numRuns: sizeOf('tests/timestamp/record.test.ts', 'mutations') },
        )
      },
    )

    it('deep nesting, endless lengths and a million small elements are refused before they are parsed', async () => {
      const hostile = [
        new Uint8Array(60_000).fill(0x30),
        Uint8Array.from({ length: 60_000 }, (_, i) => (i % 2 === 0 ? 0x30 : 0x80)),
        Uint8Array.from([0x30, 0x82, 0xea, 0x60, ...new Array<number>(60_000).fill(0)]),
        Uint8Array.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0]),
      ]
      for (const der of hostile) expect(() => readToken(der)).toThrow(/token/)
    })
  })
})

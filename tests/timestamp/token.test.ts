import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { type ErrorCode, isEvidenceError } from '../../src/core/errors.ts'
import { readPemCertificates } from '../../src/timestamp/certificate.ts'
import { readCrl } from '../../src/timestamp/crl.ts'
import { judgeToken, type TokenVerdict } from '../../src/timestamp/judge-token.ts'
import { readToken } from '../../src/timestamp/token.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'
import {
  day,
  derInteger,
  derOf,
  opensslAccepts,
  TestAuthority,
  type TestTimeStamper,
  timeInfoOf,
} from '../support/time-authority.ts'

/* docs/spec/13-time-stamps.md, "Token": each step with a token that a real authority made, and openssl's verdict beside ours. */

const data = utf8('what is stamped\n')
const now = Date.now()

describe.skipIf(lacks('openssl', 'faketime'))('a token', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  let root: TestAuthority
  let middle: TestAuthority
  let direct: TestTimeStamper
  let below: TestTimeStamper

  beforeAll(() => {
    root = TestAuthority.root(path, 'Root')
    middle = root.authority('Middle')
    direct = root.timeStamper('Direct')
    below = middle.timeStamper('Below', { key: 'rsa' })
  })

  interface Judging {
    readonly hash?: 'sha256' | 'sha384' | 'sha512'
    readonly of?: Uint8Array
    readonly anchors?: string | undefined
    readonly more?: string
    readonly crls?: readonly Uint8Array[]
    readonly until?: number
    readonly isRenewed?: boolean
  }

  function judge(token: Uint8Array, options: Judging = {}): Promise<TokenVerdict> {
    const { hash = 'sha256', of = data, more, crls = [], until = now, isRenewed = false } = options
    const anchors = 'anchors' in options ? options.anchors : root.pem
    return judgeToken(readToken(token), {
      algorithm: hash,
      covered: new Uint8Array(createHash(hash).update(of).digest()),
      certificates: more === undefined ? [] : readPemCertificates(more, 'more'),
      crls: crls.map(readCrl),
      anchors: anchors === undefined ? undefined : readPemCertificates(anchors, 'anchors'),
      untilMs: until,
      isRenewed,
    })
  }

  /** The code of what is thrown, or of the verdict. */
  async function verdictOf(token: Uint8Array, options: Judging = {}): Promise<ErrorCode | 'stands' | 'unverified'> {
    try {
      const { state, fault } = await judge(token, options)
      return state === 'fails' ? (fault?.code as ErrorCode) : state
    } catch (error) {
      if (isEvidenceError(error)) return error.code
      throw error
    }
  }

  const accepts = (
    token: Uint8Array,
    more: { of?: Uint8Array; anchors?: string; atMs?: number; untrusted?: string } = {},
  ): boolean => opensslAccepts(path, { token, data: more.of ?? data, anchors: more.anchors ?? root.pem, ...more })

  it('of an authority below a root stands, for us and for openssl, and says who and when', async () => {
    const token = direct.stamp(data)
    const verdict = await judge(token)
    expect(verdict).toMatchObject({ state: 'stands', fault: undefined, goodAsOfMs: undefined })
    expect(verdict.certificate.subject).toBe('CN=Direct, O=Test')
    expect(Math.abs(verdict.token.genTimeMs - Date.now())).toBeLessThan(60_000)
    expect(verdict.token.accuracyMs).toBe(1500)
    expect(accepts(token)).toBe(true)
  })

  it.each(['sha256', 'sha384', 'sha512'] as const)('of %s stands', async (hash) => {
    expect(await verdictOf(direct.stamp(data, { hash }), { hash })).toBe('stands')
  })

  it.each(['sha1', 'sha256', 'sha512'] as const)('that names its certificate by %s stands', async (ess) => {
    expect(await verdictOf(direct.stamp(data, { ess }))).toBe('stands')
  })

  it('of SHA-1 is refused', async () => {
    expect(await verdictOf(direct.stamp(data, { hash: 'sha1' }))).toBe('time-stamp-malformed')
  })

  it('by RSA, below an authority in between, stands where that is at hand', async () => {
    const token = below.stamp(data)
    expect(await verdictOf(token)).toBe('stands')
    expect((await judge(token)).path.map(({ subject }) => subject)).toEqual([
      'CN=Below, O=Test',
      'CN=Middle, O=Test',
      'CN=Root, O=Test',
    ])
    const bare = below.stamp(data, { certificates: false })
    expect(await verdictOf(bare)).toBe('time-stamp-signature')
    const own = readFileSync(below.certificate, 'utf8')
    expect(await verdictOf(bare, { more: own })).toBe('time-stamp-untrusted')
    expect(await verdictOf(bare, { more: own + middle.pem })).toBe('stands')
    expect(accepts(token)).toBe(true)
  })

  it('without a stated accuracy says so', async () => {
    expect((await judge(direct.stamp(data, { accuracy: false }))).token.accuracyMs).toBeUndefined()
  })

  it('of other bytes is refused', async () => {
    const token = direct.stamp(data)
    const of = utf8('what is stamped\r\n')
    expect(await verdictOf(token, { of })).toBe('time-stamp-imprint')
    expect(await verdictOf(token, { hash: 'sha512' })).toBe('time-stamp-imprint')
    expect(accepts(token, { of })).toBe(false)
  })

  it('of an authority below another root is not trusted, and without anchors unverified', async () => {
    const other = TestAuthority.root(path, 'Other')
    const token = direct.stamp(data)
    expect(await verdictOf(token, { anchors: other.pem })).toBe('time-stamp-untrusted')
    expect(accepts(token, { anchors: other.pem })).toBe(false)
    expect(await verdictOf(token, { anchors: undefined })).toBe('unverified')
  })

  it('of an authority that a root of the same name, and another key, did not issue is not trusted', async () => {
    const impostor = TestAuthority.root(`${path}/impostor`, 'Root')
    expect(await verdictOf(direct.stamp(data), { anchors: impostor.pem })).toBe('time-stamp-untrusted')
    expect(await verdictOf(direct.stamp(data), { anchors: impostor.pem + root.pem })).toBe('stands')
  })

  it('of a key below a certificate that is no authority is not trusted', async () => {
    // A time-stamping certificate signs another: only its basicConstraints speak against it.
    const fake = TestAuthority.root(`${path}/fake`, 'Direct')
    const token = fake.timeStamper('Under a leaf').stamp(data)
    expect(await verdictOf(token, { more: readFileSync(direct.certificate, 'utf8') })).toBe('time-stamp-untrusted')
  })

  // openssl makes no token with such a certificate, so one of its tokens is signed anew, as signed data in general.
  it.each([
    ['an extended key usage that is not critical', 'tsa_not_critical', 'time-stamp-key-usage'],
    ['a second extended key usage', 'tsa_two_uses', 'time-stamp-key-usage'],
    ['a key usage beyond signing', 'tsa_encrypts', 'time-stamp-key-usage'],
    ['a key usage beyond signing, in the second byte (BR-M4)', 'tsa_deciphers', 'time-stamp-key-usage'],
    ['a critical extension that nobody here judges', 'tsa_constrained', 'time-stamp-untrusted'],
  ])('by a certificate with %s is refused', async (_what, extensions, code) => {
    const { content } = readToken(direct.stamp(data))
    expect(await verdictOf(root.timeStamper('Signs').signContent(content))).toBe('stands')
    const token = root.timeStamper('Other usage', { extensions }).signContent(content)
    expect(await verdictOf(token)).toBe(code)
  })

  it('BR-M2, BR-M3: stands with the time and accuracy that it states, and is none where they are not of the one spelling', async () => {
    const time = new Date(now - 60_000).toISOString().replace(/[-:T]|\..*/g, '')
    const stamper = root.timeStamper('Spells')
    const stated = (text: string, ...after: Uint8Array[]): Uint8Array =>
      stamper.signContent(timeInfoOf(data, text, after))
    const sound = stated(`${time}.25Z`, derOf(0x30, derInteger(8_388_608)))
    expect(await judge(sound)).toMatchObject({
      state: 'stands',
      token: { genTimeMs: Math.floor((now - 60_000) / 1000) * 1000 + 250, accuracyMs: 8_388_608_000 },
    })
    expect(accepts(sound)).toBe(true)
    // openssl takes these, and shows the time of another zone as what it is.
    for (const zone of ['+0800', '']) {
      expect(await verdictOf(stated(`${time}${zone}`))).toBe('time-stamp-malformed')
      expect(accepts(stated(`${time}${zone}`))).toBe(true)
    }
  })

  it('by a weak key is refused', async () => {
    expect(await verdictOf(root.timeStamper('Weak', { key: 'weak' }).stamp(data))).toBe('time-stamp-signature')
  })

  describe('whose certificate has ended', () => {
    let token: Uint8Array
    const made = now - 20 * day
    beforeAll(() => {
      token = root.timeStamper('Ended', { from: now - 40 * day, to: now - 10 * day }).stamp(data, { atMs: made })
    })

    it('stood while it was valid, and does not now, for openssl either', async () => {
      expect(await verdictOf(token, { until: now - 11 * day })).toBe('stands')
      expect(accepts(token, { atMs: now - 11 * day })).toBe(true)
      expect(await verdictOf(token)).toBe('time-stamp-expired')
      expect(accepts(token)).toBe(false)
    })
  })

  it('made before its certificate began, or after it ended, is not trusted', async () => {
    const stamper = root.timeStamper('Short', { from: now - 40 * day, to: now - 10 * day })
    for (const atMs of [now - 50 * day, now - 5 * day]) {
      const token = stamper.stamp(data, { atMs })
      expect(await verdictOf(token, { until: atMs })).toBe('time-stamp-untrusted')
      expect(await verdictOf(token, { anchors: undefined })).toBe('time-stamp-expired')
    }
  })

  describe('and revocation', () => {
    /** An authority of its own, a token 10 days ago, and the list after a revocation. */
    function revoked(
      name: string,
      atMs: number,
      reason?: string,
    ): { anchors: string; token: Uint8Array; crls: Uint8Array[] } {
      const authority = TestAuthority.root(path, name)
      const stamper = authority.timeStamper('Revoked')
      const token = stamper.stamp(data, { atMs: now - 10 * day })
      authority.revoke(stamper.certificate, atMs, reason)
      return { anchors: authority.pem, token, crls: [authority.crl()] }
    }

    it('before its time falls, whatever the reason', async () => {
      const { token, ...with_ } = revoked('Before', now - 11 * day, 'superseded')
      expect(await verdictOf(token, with_)).toBe('time-stamp-revoked')
      expect(await verdictOf(token, { ...with_, isRenewed: true, until: now - 10.5 * day })).toBe('time-stamp-revoked')
    })

    it.each(['superseded', 'cessationOfOperation', 'affiliationChanged', 'unspecified'])(
      'after its time for %s stands',
      async (reason) => {
        const { token, ...with_ } = revoked(`After ${reason}`, now - 5 * day, reason)
        expect(await verdictOf(token, with_)).toBe('stands')
      },
    )

    it.each(['keyCompromise', undefined])(
      'after its time for %s falls, unless it was renewed before',
      async (reason) => {
        const { token, ...with_ } = revoked(`Compromised ${reason}`, now - 5 * day, reason)
        expect(await verdictOf(token, with_)).toBe('time-stamp-revoked')
        expect(await verdictOf(token, { ...with_, isRenewed: true, until: now - 6 * day })).toBe('stands')
        expect(await verdictOf(token, { ...with_, isRenewed: true, until: now - 4 * day })).toBe('time-stamp-revoked')
      },
    )

    it('is known to be none as of the list, and unknown without one, or with one of another issuer, or one that ended before', async () => {
      const token = direct.stamp(data)
      const list = root.crl()
      const { goodAsOfMs } = await judge(token, { crls: [list] })
      expect(goodAsOfMs).toBe(readCrl(list).thisUpdateMs)
      expect((await judge(token)).goodAsOfMs).toBeUndefined()
      expect((await judge(token, { crls: [middle.crl()] })).goodAsOfMs).toBeUndefined()
      expect((await judge(token, { crls: [root.crl(now - 60 * day)] })).goodAsOfMs).toBeUndefined()
    })

    it('of an authority in between counts too', async () => {
      const top = TestAuthority.root(path, 'Top')
      const between = top.authority('Between')
      const token = between.timeStamper('Leaf').stamp(data, { atMs: now - 10 * day })
      const good = [top.crl(), between.crl()]
      expect((await judge(token, { anchors: top.pem, crls: good })).goodAsOfMs).toBeDefined()
      expect((await judge(token, { anchors: top.pem, crls: good.slice(1) })).goodAsOfMs).toBeUndefined()
      top.revoke(`${between.folder}/ca.pem`, now - 20 * day, 'CACompromise')
      expect(await verdictOf(token, { anchors: top.pem, crls: [top.crl(), between.crl()] })).toBe('time-stamp-revoked')
    })
  })
})

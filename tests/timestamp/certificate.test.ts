import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { valueOr } from '../../src/core/attempt.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { readCertificate, readPemCertificates } from '../../src/timestamp/certificate.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'
import { Random } from '../support/random.ts'
import { lacks } from '../support/system-tools.ts'
import { openssl, TestAuthority } from '../support/time-authority.ts'

/** Whether it is read with a key that could sign: one of an unknown curve may stand there, and signs nothing. */
function isRead(der: Uint8Array): boolean {
  try {
    return readCertificate(der).key.kind !== 'other'
  } catch (error) {
    if (isEvidenceError(error, 'time-stamp-malformed')) return false
    throw error
  }
}

/** Whether OpenSSL reads a certificate and its key. */
function opensslReads(der: Uint8Array): boolean {
  try {
    return new X509Certificate(der).publicKey !== undefined
  } catch {
    return false
  }
}

describe.skipIf(lacks('openssl', 'faketime'))('a certificate', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)

  it.each(['ec', 'rsa'] as const)(
    'with an %s key is read, and with any byte changed only where OpenSSL reads it',
    (key) => {
      const der = readPemCertificates(TestAuthority.root(path, `Root ${key}`, key).pem, 'root')[0]?.der as Uint8Array
      const random = new Random(7)
      const beyond: string[] = []
      const places = Array.from(der, (_, at) => at)
      for (const at of sampled('tests/timestamp/certificate.test.ts', 'bytes', places)) {
        for (const byte of [0, 0xff, (der[at] as number) ^ (1 << random.below(8)), (der[at] as number) + 1]) {
          const changed = Uint8Array.from(der)
          changed[at] = byte
          if (isRead(changed) && !opensslReads(changed)) beyond.push(`${at}: ${der[at]} to ${byte}`)
        }
      }
      expect(beyond).toEqual([])
    },
  )

  it.each([
    ['digitalSignature', '03020780', 0x8000],
    ['digitalSignature and nonRepudiation', '030206c0', 0xc000],
    ['digitalSignature and decipherOnly', '0303078080', 0x8080],
    ['decipherOnly alone', '0303070080', 0x0080],
    ['a tenth bit', '0303068040', 0x8040],
    ['no bit', '030100', 0],
    ['three bytes', '03040780008000', undefined],
    ['bits that do not count', '030207c0', undefined],
    ['an octet string', '040180', undefined],
    ['something after it', '030207800500', undefined],
  ])('BR-M4: has all of its key usage read: %s', (what, der, expected) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', 'usage.key']
    const usage = ['-addext', `2.5.29.15=critical,DER:${der}`, '-out', 'usage.pem']
    openssl(path, ['req', '-x509', ...key, '-subj', `/CN=${what}`, ...usage])
    const read = (): number | undefined =>
      readPemCertificates(readFileSync(join(path, 'usage.pem'), 'utf8'), 'own')[0]?.keyUsage
    expect(valueOr(read, undefined, 'anchors-malformed')).toBe(expected)
  })

  it('has its subject told as OpenSSL tells it', () => {
    const subjects = [
      '/CN=Plain/O=Test',
      '/C=CN/ST=上海/L=上海/O=可信时间戳, Inc.+OU=a\\/b/CN=x"y\\\\z<>;',
      '/CN= lead/O=#hash/emailAddress=a@b.example/serialNumber=12/organizationIdentifier=VATCN-1/DC=example/UID=u',
      '/1.2.3.4=odd/CN=end ',
    ]
    for (const [i, subject] of subjects.entries()) {
      openssl(path, [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-keyout',
        `k${i}`,
        '-utf8',
        '-multivalue-rdn',
        '-subj',
        subject,
        '-out',
        `c${i}.pem`,
      ])
      const pem = openssl(path, ['x509', '-in', `c${i}.pem`])
      expect(readPemCertificates(pem, 'own')[0]?.subject).toBe(new X509Certificate(pem).subject.split('\n').join(', '))
    }
  })
})

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt, parseReceipt } from '../../src/core/receipt.ts'
import { checkTimeProof } from '../../src/timestamp/check-time-proof.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { encodeTimeProof } from '../../src/timestamp/time-proof.ts'
import { administrator, ledgerKey, policy, startMs, TestChain } from '../support/chain.ts'
import { temporaryFolder } from '../support/folder.ts'
import { verifier } from '../support/python-verifier.ts'
import { lacks } from '../support/system-tools.ts'
import { day, TestAuthority } from '../support/time-authority.ts'

/* Of a time proof the Python verifier judges all but what the tokens say (docs/spec/18-package.md, step 6). */
describe.skipIf(lacks('python3', 'python3-cryptography', 'openssl', 'faketime'))('a time proof, by both', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  const [receiptPath, policyPath, proofPath] = ['receipt', 'policy', 'proof'].map((name) => join(path, name)) as [
    string,
    string,
    string,
  ]
  const chain = new TestChain().start().seal()
  const [entryBytes, second] = chain.bytes as [Uint8Array, Uint8Array]
  const hash = leafHash(second)
  const receiptText = encodeReceipt({ entryBytes, signer: administrator.jwk, disclosures: [] }, 0, [hash], chain.note)
  const receipt = parseReceipt(utf8(receiptText))
  let sound = ''
  beforeAll(() => {
    writeFileSync(receiptPath, receiptText)
    writeFileSync(policyPath, encodeLogPolicy(ledgerKey))
    const root = TestAuthority.root(path, 'Root')
    const stamper = root.timeStamper('Clock', { from: startMs - 100 * day, to: startMs + 300 * day })
    const checkpoint = utf8(chain.note)
    const tokens = [stamper.stamp(checkpoint, { atMs: startMs + 60_000 })]
    const record = newRecord(checkpoint, { algorithm: 'sha256', tokens, certificates: [], crls: [] })
    sound = Buffer.from(encodeTimeProof({ index: 0, hashes: [hash], record })).toString('latin1')
  })

  /** Codes of the faults, here and in Python. */
  async function both(text: string): Promise<{ ours: string[]; theirs: string[]; exit: number }> {
    const bytes = new Uint8Array(Buffer.from(text, 'latin1'))
    writeFileSync(proofPath, bytes)
    const args = ['check', '--receipt', receiptPath, '--policy', policyPath, '--time-proof', proofPath]
    const { faults, exit } = verifier(args)
    const { faults: own } = await checkTimeProof(bytes, receipt, policy, undefined, startMs + 10 * day)
    const codes = (list: readonly { readonly code: string }[]): string[] => list.map(({ code }) => code)
    return { ours: codes(own), theirs: codes(faults), exit }
  }

  it('that is sound is not judged', async () => {
    expect(await both(sound)).toEqual({ ours: [], theirs: [], exit: 4 })
  })

  const token = (der: readonly number[]): string =>
    sound.replace(/token .*/, `token ${Buffer.from(der).toString('base64')}`)
  it.each<[string, () => string, string]>([
    ['garbage', () => 'x\n', 'time-proof-malformed'],
    ['nothing', () => '', 'time-proof-malformed'],
    ['another version', () => sound.replace('time-proof/v1', 'time-proof/v2'), 'time-proof-malformed'],
    ['an index with a zero before it', () => sound.replace('index 0', 'index 00'), 'time-proof-malformed'],
    ['no record', () => sound.slice(0, sound.indexOf('\n\n') + 2), 'time-stamp-malformed'],
    ['a record without tokens', () => sound.replace(/token .*\n/, ''), 'time-stamp-malformed'],
    ['a record of an unknown hash', () => sound.replace('hash sha256', 'hash sha1'), 'time-stamp-malformed'],
    ['a record that does not end in LF', () => sound.slice(0, -1), 'time-stamp-malformed'],
    ['a token after a certificate', () => `${sound}certificate MAA=\ntoken MAA=\n`, 'time-stamp-malformed'],
    ['a token that is text', () => token([...Buffer.from('this is no DER')]), 'time-stamp-malformed'],
    ['a token of indefinite length', () => token([0x30, 0x80, 0, 0]), 'time-stamp-malformed'],
    ['a token whose length has a byte too many', () => token([0x30, 0x81, 2, 5, 0]), 'time-stamp-malformed'],
    ['a token that goes on after its end', () => token([0x30, 0, 0]), 'time-stamp-malformed'],
    ['a token that ends too early', () => token([0x30, 2, 5]), 'time-stamp-malformed'],
    ['a token that is nested 40 deep', () => token(nested(40)), 'time-stamp-malformed'],
    ['a certificate that is no DER', () => `${sound}certificate AAAA\n`, 'time-stamp-malformed'],
    ['another index', () => sound.replace('index 0', 'index 1'), 'time-proof-foreign'],
    ['another path', () => sound.replace(/(?<=index 0\n).*\n/, ''), 'inclusion-invalid'],
  ])('is refused as %s', async (_what, text, code) => {
    const { ours, theirs, exit } = await both(text())
    expect([theirs, exit]).toEqual([[code], 1])
    expect(ours).toContain(code)
  })
})

/** Sequences within sequences. */
function nested(depth: number): number[] {
  let der: number[] = []
  for (let i = 0; i < depth; i++) der = [0x30, ...(der.length < 0x80 ? [der.length] : [0x81, der.length]), ...der]
  return der
}

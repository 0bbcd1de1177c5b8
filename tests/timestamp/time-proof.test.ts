import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { signCheckpoint } from '../../src/core/checkpoint.ts'
import { leafHash } from '../../src/core/entry.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { encodeReceipt, parseReceipt, type Receipt } from '../../src/core/receipt.ts'
import { readPemCertificates } from '../../src/timestamp/certificate.ts'
import { checkTimeProof } from '../../src/timestamp/check-time-proof.ts'
import { newRecord } from '../../src/timestamp/record.ts'
import { stampedBytes } from '../../src/timestamp/node/stamper.ts'
import { encodeTimeProof, parseTimeProof } from '../../src/timestamp/time-proof.ts'
import { depositor, ledgerKey, ledgerSigner, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { temporaryFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { lacks } from '../support/system-tools.ts'
import { day, TestAuthority, type TestTimeStamper } from '../support/time-authority.ts'

/* docs/spec/13-time-stamps.md, "Time proof": an entry, a checkpoint that was stamped, and the times of both. */

const chain = new TestChain()
chain.start()
const [entryBytes, second] = chain.bytes as [Uint8Array, Uint8Array]
const now = startMs + 10 * day

function noteOf(leaves: readonly Uint8Array[], signer = ledgerSigner): string {
  const tile = new Tile()
  for (const leaf of leaves) tile.append(leafHash(leaf))
  const root = rootFromTiles(leaves.length, () => tile)
  return signCheckpoint({ origin, size: leaves.length, root }, ledgerKey, signer.sign)
}

const receipt: Receipt = parseReceipt(
  utf8(encodeReceipt({ entryBytes, signer: depositor.jwk, disclosures: [] }, 0, [], noteOf([entryBytes]))),
)

describe('the stamped bytes', () => {
  it('are the checkpoint with the log’s own signature, and without cosignatures', async () => {
    const note = noteOf([entryBytes])
    const { name, id, signature } = cosignerNamed('one').cosign(receipt.proof.note.text, 1n)
    const cosigned = `${note}— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`
    expect(Buffer.from(stampedBytes(cosigned).bytes).toString()).toBe(note)
    expect(stampedBytes(note).size).toBe(1)
  })
})

describe.skipIf(lacks('openssl', 'faketime'))('a time proof', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  let root: TestAuthority
  let stamper: TestTimeStamper
  beforeAll(() => {
    root = TestAuthority.root(path, 'Root')
    stamper = root.timeStamper('Clock', { from: startMs - 100 * day, to: startMs + 300 * day })
  })

  function proofOf(note: string, { atMs = startMs + 60_000, index = 0, hashes = [] as Uint8Array[] } = {}): Uint8Array {
    const checkpoint = utf8(note)
    const tokens = [stamper.stamp(checkpoint, { atMs })]
    return encodeTimeProof({
      index,
      hashes,
      record: newRecord(checkpoint, { algorithm: 'sha256', tokens, certificates: [], crls: [] }),
    })
  }
  const check = (bytes: Uint8Array) =>
    checkTimeProof(bytes, receipt, policy, readPemCertificates(root.pem, 'anchors'), now)
  const codes = async (bytes: Uint8Array): Promise<string[]> => (await check(bytes)).faults.map(({ code }) => code)

  it('says the latest time, with the authority’s accuracy added, and what it cannot tell', async () => {
    const { faults, statement, limits, size } = await check(proofOf(noteOf([entryBytes])))
    expect([faults, size]).toEqual([[], 1])
    expect(statement?.noLaterThanMs).toBe(startMs + 60_000 + 1500)
    expect(limits.join(' ')).toMatch(/revoked: no list/)
  })

  it('leads from the entry to a larger checkpoint, whatever the receipt’s own is', async () => {
    const note = noteOf([entryBytes, second])
    expect(await codes(proofOf(note, { hashes: [leafHash(second)] }))).toEqual([])
    expect(await codes(proofOf(note, { hashes: [leafHash(entryBytes)] }))).toEqual(['inclusion-invalid'])
    expect(await codes(proofOf(note))).toEqual(['inclusion-invalid'])
  })

  it('older than its entry is a fault, and not within what two clocks may differ', async () => {
    const note = noteOf([entryBytes])
    expect(await codes(proofOf(note, { atMs: startMs - 50_000 }))).toEqual([])
    const early = await check(proofOf(note, { atMs: startMs - 120_000 }))
    expect(early.faults.map(({ code }) => code)).toEqual(['time-stamp-before-entry'])
    expect(early.statement).toBeUndefined()
  })

  it('of another entry, of another ledger’s checkpoint, or of one that the log did not sign is refused', async () => {
    expect(await codes(proofOf(noteOf([entryBytes]), { index: 1 }))).toEqual(['time-proof-foreign'])
    expect(await codes(proofOf(noteOf([entryBytes], signerNamed('stranger'))))).toEqual(['signature-invalid'])
    const foreign = noteOf([entryBytes]).replaceAll(origin, 'other.example/chain')
    expect(await codes(proofOf(foreign))).toEqual(['time-proof-foreign'])
    expect(await codes(proofOf(noteOf([second])))).toContain('inclusion-invalid')
  })

  it('is read and written again byte for byte, and refused where it is not exactly of the form', async () => {
    const bytes = proofOf(noteOf([entryBytes, second]), { hashes: [leafHash(second)] })
    expect(encodeTimeProof(parseTimeProof(bytes))).toEqual(bytes)
    const text = Buffer.from(bytes).toString('latin1')
    const spoilt = [
      '',
      text.replace('v1', 'v2'),
      text.replace('index 0', 'index 00'),
      text.replace('index 0\n', ''),
      text.replace('\n\n', '\n'),
    ]
    for (const one of [...spoilt, text.replace('\n\n', '\nAAAA\n\n')])
      expect(() => parseTimeProof(utf8(one))).toThrow(/time proof|record/)
  })
})

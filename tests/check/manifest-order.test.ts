import { beforeAll, describe, expect, it } from 'vitest'
import { judgeFile } from '../../src/check/steps/judge.ts'
import type { FileReport, ReceiptReport } from '../../src/check/steps/report.ts'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { verifierKey } from '../../src/core/note.ts'
import { encodeLogPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { depositor, origin, policy, startMs, TestChain } from '../support/chain.ts'
import { droppedSet, nothingBesides, reportOfDropped } from '../support/dropped.ts'
import { receiptOf } from '../support/small-package.ts'
import { signerNamed } from '../support/signers.ts'
import { sha256Hex, statement } from '../support/statements.ts'

/* docs/spec/08-manifest.md, "Checking": a manifest is the item's by size and digests first; only then are its lines read. */

const listed = 'a listed file'
const line = `${sha256Hex(listed)}  a.txt`
const manifest = `${line}\n`
const tree = { root: toHex(leafHash(utf8(line))), size: 1 }
const item = { size: manifest.length, digest: { sha256: sha256Hex(manifest) }, tree }
/** A policy with another key for the ledger: the receipt's checkpoint is not trusted by it. */
const untrusting = parsePolicy(utf8(encodeLogPolicy(verifierKey(origin, signerNamed('another').publicKey))))

/** Codes of faults, each once. */
const codesOf = ({ faults }: FileReport | ReceiptReport): string[] => [...new Set(faults.map(({ code }) => code))]

describe('a file of a deposit whose item is a manifest', () => {
  let receipt: Uint8Array
  beforeAll(async () => {
    const chain = new TestChain().start()
    const index = chain.add(
      statement(depositor, origin, 'evidence.deposit', { items: [item] }, { iat: startMs / 1000 }).jws,
    )
    receipt = await receiptOf(chain.seal(), index)
  })

  const codes = async (files: Record<string, string | Uint8Array>, by: Policy = policy): Promise<string[]> =>
    codesOf(await reportOfDropped(files, by))

  it('is read as a manifest whatever it is called', async () => {
    expect(await codes({ 'list.txt': manifest, 'list.txt.tlog-proof': receipt })).toEqual([])
    expect(await codes({ 'renamed.bin': manifest, 'other.tlog-proof': receipt })).toEqual([])
  })

  it('is not read where it is another file', async () => {
    expect(await codes({ 'photo.jpg': 'no manifest', 'photo.jpg.tlog-proof': receipt })).toEqual(['file-differs'])
  })

  it('is not read as a manifest that was handed over for it, where that is another file: and what is wrong with the receipt stays', async () => {
    const evidence = { kind: 'manifest', receipt: 'f.tlog-proof', manifest: 'f.evidence-manifest', folder: '' } as const
    const handed = async (text: string, by: Policy): Promise<string[]> => {
      const set = await droppedSet({ 'a.txt': listed, 'f.evidence-manifest': text, 'f.tlog-proof': receipt })
      const report = await judgeFile(set.handed, 'a.txt', evidence, by, { besides: nothingBesides })
      return codesOf(report)
    }
    expect(await handed(manifest, policy)).toEqual([])
    expect(await handed('no manifest', policy)).toEqual(['file-differs'])
    expect(await handed('no manifest', untrusting)).toEqual(['checkpoint-untrusted', 'file-differs'])
  })
})

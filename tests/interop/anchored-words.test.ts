import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { digestsOf } from '../../src/core/digest.ts'
import { encodeFileProof } from '../../src/core/file-proof.ts'
import { encodeManifest, manifestTree } from '../../src/core/manifest.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeAnchor } from '../../src/verify/anchor.ts'
import { LogView } from '../../src/log/view.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lowerLedger, lowerOrigin } from '../support/lower-ledger.ts'
import { python } from '../support/python.ts'
import { sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
afterAll(remove)

interface Said {
  readonly code: number | null
  readonly text: string
  readonly steps: readonly object[]
}

/** What both verifiers say of the lower receipt, with an anchor whose upper entry is of a kind and for the lower checkpoint or another file. */
async function check(kind: string, other?: string, isFileProof = false): Promise<Said[]> {
  const manifest = encodeManifest([{ sha256: sha256Hex('x'), path: utf8('x') }])
  const { root, size } = manifestTree(manifest)
  const digested = { size: manifest.length, digest: digestsOf(manifest, ['sha256']) }
  const item = { ...digested, tree: { root: toHex(root), size } }
  const { receipt, note } = isFileProof ? lowerLedger([item]) : lowerLedger()
  const proof = encodeFileProof({ item: 0, lineIndex: 0, line: manifest.slice(0, -1), hashes: [], receipt })
  const lower = utf8(note)
  const digest = digestsOf(other === undefined ? lower : utf8(other), ['sha256'])
  const chain = new TestChain().start()
  const items = [{ size: lower.length, digest }]
  chain.add(statement(depositor, origin, kind, { items }, { iat: startMs / 1000 }).jws)
  writeFileSync(at('x'), 'x')
  writeFileSync(at('x.tlog-proof'), isFileProof ? proof : receipt)
  writeFileSync(at('x.anchor'), encodeAnchor({ lower, upper: await (await LogView.open(chain.seal())).receiptOf(2) }))
  writeFileSync(at('policy'), encodeLogPolicy(ledgerKey))
  const args = ['check', at('x'), '--receipt', at('x.tlog-proof'), '--anchor', at('x.anchor'), '--policy', at('policy')]
  const [ours, oursJson] = [await evidence(args), await evidence([...args, '--json'])]
  const [theirs, theirsJson] = [python('evidence_verify.py', args), python('evidence_verify.py', [...args, '--json'])]
  return [[ours, oursJson] as const, [theirs, theirsJson] as const].map(([text, json]) => {
    expect(json.code).toBe(text.code)
    const { anchors } = json.json<{ anchors: { steps: readonly object[] } }>()
    return { code: text.code, text: text.stdout, steps: anchors.steps }
  })
}

/** The exit codes of our check of a file against the manifest of an anchored receipt: as deposited, changed, and of a file that is not listed. */
async function checkByManifest(): Promise<(number | null)[]> {
  const manifest = encodeManifest([{ sha256: sha256Hex('x'), path: utf8('x') }])
  const { root, size } = manifestTree(manifest)
  const digested = { size: manifest.length, digest: digestsOf(manifest, ['sha256']) }
  const { receipt, note } = lowerLedger([{ ...digested, tree: { root: toHex(root), size } }])
  const lower = utf8(note)
  const chain = new TestChain().start()
  const items = [{ size: lower.length, digest: digestsOf(lower, ['sha256']) }]
  chain.add(statement(depositor, origin, 'evidence.deposit', { items }, { iat: startMs / 1000 }).jws)
  writeFileSync(at('f.tlog-proof'), receipt)
  writeFileSync(at('f.evidence-manifest'), manifest)
  writeFileSync(at('f.anchor'), encodeAnchor({ lower, upper: await (await LogView.open(chain.seal())).receiptOf(2) }))
  writeFileSync(at('policy'), encodeLogPolicy(ledgerKey))
  const codes: (number | null)[] = []
  for (const [name, content] of [
    ['x', 'x'],
    ['x', 'TAMPERED'],
    ['unlisted', 'another file'],
    ['renamed', 'x'],
  ] as const) {
    writeFileSync(at(name), content)
    const given = ['--receipt', at('f.tlog-proof'), '--manifest', at('f.evidence-manifest'), '--folder', path]
    const result = await evidence(['check', at(name), ...given, '--anchor', at('f.anchor'), '--policy', at('policy')])
    codes.push(result.code)
  }
  return codes
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('R3-H6: of an anchored receipt both verifiers say', () => {
  it('that its tree existed by the time of the upper entry, and no more', async () => {
    for (const { code, text, steps } of await check('evidence.deposit')) {
      expect([code, steps.length]).toEqual([0, 1])
      expect(text).not.toContain('unchanged since deposit')
      expect(text).not.toContain('vouched for by the ledger of the policy')
      expect(text).toContain(`in a tree that existed when entry 2 of ${origin} was made, at `)
      expect(text).toContain('are their own word, and their keys were not asked')
      expect(text).toContain(`of ${lowerOrigin}, at 2026-11-01T08:00:00.000Z`)
      expect(text).toContain('by the ledger’s clock, which is its own word')
      expect(text).toContain('not shown by anchors:')
      expect(text).toContain('That a lower ledger’s key signed its checkpoint')
    }
  })

  it('R4-H1: of a file listed in the manifest that it is compared with its line', async () => {
    expect(await checkByManifest()).toEqual([0, 1, 1, 0])
  })

  it('R3-M7: of the receipt in a file proof', async () => {
    for (const { code, text, steps } of await check('evidence.deposit', undefined, true)) {
      expect([code, steps.length]).toEqual([0, 1])
      expect(text).toContain(`in a tree that existed when entry 2 of ${origin} was made, at `)
    }
    for (const { code } of await check('evidence.deposit', 'another file', true)) expect(code).toBe(1)
  })

  it.each([
    ['of a kind that they do not know', 'evidence.deposit2'],
    ['of another file', 'evidence.deposit'],
  ])('nothing of a chain whose upper entry is %s', async (_, kind) => {
    for (const { code, text, steps } of await check(kind, 'another file')) {
      expect([code, steps]).toEqual([kind === 'evidence.deposit' ? 1 : 4, []])
      expect(text).not.toContain('existed when entry')
      expect(text).not.toContain('anchored in entry')
      expect(text).not.toMatch(/is entry 2 of/)
      expect(text).toContain('not shown: that any ledger of the policy vouches for this tree')
    }
  })
})

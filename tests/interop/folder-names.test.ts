import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeManifest, manifestTree } from '../../src/core/manifest.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { LogView } from '../../src/log/view.ts'
import { depositor, ledgerKey, origin, startMs, TestChain } from '../support/chain.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { python } from '../support/python.ts'
import { sha256Hex, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
let number = 0

const ownNames = [
  'a.tlog-proof',
  'a.file-proof',
  'a.time-proof',
  'a.key-transition',
  'a.tlog-proof.anchor',
  'a.evidence-statement',
  'a.evidence-manifest',
  '.evidence-0123456789ab.part',
]

interface Report {
  readonly by: string
  readonly code: number | null
  readonly text: string
  readonly unlisted: readonly string[]
}

/** What both verifiers say of a folder whose manifest lists some of its files, as an item with a tree or without. */
async function check(
  listed: readonly string[],
  present: readonly string[],
  {
    isManifest = true,
    contents = (name: string) => name,
  }: { isManifest?: boolean; contents?: (name: string) => string } = {},
): Promise<readonly Report[]> {
  const folder = join(path, `folder-${number++}`)
  mkdirSync(folder)
  for (const name of present) writeFileSync(join(folder, name), contents(name))
  const lines = [...listed].sort().map((name) => ({ sha256: sha256Hex(name), path: utf8(name) }))
  const manifest = encodeManifest(lines)
  const { root, size } = manifestTree(manifest)
  const item = { size: manifest.length, digest: { sha256: sha256Hex(manifest) } }
  const items = [isManifest ? { ...item, tree: { root: toHex(root), size } } : item]
  const chain = new TestChain().start()
  const index = chain.add(statement(depositor, origin, 'evidence.deposit', { items }, { iat: startMs / 1000 }).jws)
  const [receipt, beside, policy] = [`${folder}.tlog-proof`, `${folder}.evidence-manifest`, `${folder}.policy`]
  writeFileSync(receipt, await (await LogView.open(chain.seal())).receiptOf(index))
  writeFileSync(beside, manifest)
  writeFileSync(policy, encodeLogPolicy(ledgerKey))
  const args = ['check', folder, '--receipt', receipt, '--manifest', beside, '--policy', policy]
  const [ours, oursJson] = [await evidence(args), await evidence([...args, '--json'])]
  const [theirs, theirsJson] = [python('evidence_verify.py', args), python('evidence_verify.py', [...args, '--json'])]
  return [
    { by: 'evidence', code: ours.code, text: ours.stdout, ...oursJson.json<{ unlisted: string[] }>() },
    { by: 'python', code: theirs.code, text: theirs.stdout, unlisted: [], ...theirsJson.json<object>() },
  ]
}

describe.skipIf(lacks('python3', 'python3-cryptography'))('a folder, checked by both verifiers', () => {
  it('R5: a name that was spelt anew when it was copied is the same text, and its bytes must be the same', async () => {
    const [composed, decomposed] = ['café.txt'.normalize('NFC'), 'café.txt'.normalize('NFD')]
    const same = { contents: () => composed }
    for (const { code, unlisted, text } of await check([composed], [decomposed], same)) {
      expect([code, unlisted]).toEqual([0, []])
      expect(text).toMatch(/spel(?:t|led) otherwise/)
    }
    for (const { code } of await check([composed], [decomposed])) expect(code).toBe(1)
    // Another text, as compatibility forms or a case would have it, is another name.
    for (const other of ['ＣＡＦÉ.txt', 'CAFÉ.txt', 'cafe.txt']) {
      for (const { code } of await check([composed], [other], same)) expect(code).toBe(1)
    }
  })

  it('R3-H9: a file that the manifest lists is compared, whatever its name ends in', async () => {
    for (const { code, unlisted } of await check(ownNames, ownNames)) expect([code, unlisted]).toEqual([0, []])
    const altered = await check(ownNames, ownNames, { contents: (name) => (name === 'a.tlog-proof' ? 'evil' : name) })
    for (const { code } of altered) expect(code).toBe(1)
    for (const { code } of await check(ownNames, ownNames.slice(1))) expect(code).toBe(1)
  })

  it('R3-H9: a file that the manifest does not list is named, whatever its name ends in', async () => {
    const reports = await check(['note.txt'], ['note.txt', ...ownNames])
    expect(reports[0]?.text).toMatch(
      new RegExp(`1 of 1 file unchanged since .*; ${ownNames.length} not in the deposit`),
    )
    for (const { by, code, text, unlisted } of reports) {
      expect([by, code, [...unlisted].sort()]).toEqual([by, 0, [...ownNames].sort()])
      for (const name of ownNames) expect(text).toContain(name)
    }
  })

  it('R7 L2: a file that was renamed or moved is checked by its bytes, with its evidence named as without', async () => {
    await check(['dir/note.txt', 'other.txt'], [])
    const folder = join(path, `folder-${number - 1}`)
    const given = ['--receipt', `${folder}.tlog-proof`, '--manifest', `${folder}.evidence-manifest`]
    for (const [name, text, code] of [
      ['moved.txt', 'dir/note.txt', 0],
      ['moved.txt', 'neither', 1],
      ['other.txt', 'dir/note.txt', 1],
    ] as const) {
      const file = join(folder, name)
      writeFileSync(file, text)
      const args = ['check', file, ...given, '--folder', folder, '--policy', `${folder}.policy`]
      for (const result of [await evidence(args), python('evidence_verify.py', args)]) {
        const told = /listed .*dir\/note\.txt/.test(result.stdout)
        expect([name, result.code, told]).toEqual([name, code, code === 0])
      }
    }
  })

  it('R3-M6: a list that was deposited as a file like any other lists nothing', async () => {
    for (const { by, code, text } of await check(['note.txt'], ['note.txt'], { isManifest: false })) {
      expect([by, code]).toEqual([by, 1])
      expect(text).toMatch(/FAULT file-not-in-deposit: .*tem 0 of the deposit is no manifest/)
    }
  })
})

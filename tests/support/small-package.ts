import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Jwk } from '../../src/core/jwk.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import { inclusionProof } from '../../src/core/merkle/tiles.ts'
import { encodeLogPolicy } from '../../src/core/policy.ts'
import { encodeReceipt } from '../../src/core/receipt.ts'
import { verifyGuide } from '../../src/package/verify-guide.ts'
import { bagFiles, writeFiles } from './bag.ts'
import { administrator, depositor, ledgerKey, type TestChain } from './chain.ts'
import { evidence } from './cli.ts'
import { python } from './python.ts'

const policyText = encodeLogPolicy(ledgerKey)

/** A receipt of whatever a sealed chain has at an index, of any version; by default the first two entries are the administrator's. */
export async function receiptOf(
  chain: TestChain,
  index: number,
  signer: Jwk = index < 2 ? administrator.jwk : depositor.jwk,
): Promise<Buffer> {
  const size = chain.bytes.length
  const tile = Tile.parse((await chain.tile(0, 0, size)) as Uint8Array)
  const note = Buffer.from(await chain.checkpoint()).toString()
  const disclosures = chain.disclosed.get(index) ?? []
  const entryBytes = chain.bytes[index] as Uint8Array
  return Buffer.from(
    encodeReceipt(
      { entryBytes, signer, disclosures },
      index,
      inclusionProof(index, size, () => tile),
      note,
    ),
  )
}

/** A package of one deposit of a sealed chain, with files below `data/deposits/001/` and, in `extra`, anywhere. */
export async function smallPackage(
  folder: string,
  chain: TestChain,
  index: number,
  files: Readonly<Record<string, string>>,
  extra: Readonly<Record<string, string | Buffer>> = {},
): Promise<string> {
  const below = Object.entries(files).map(([name, text]) => [`data/deposits/001/${name}`, text] as const)
  const bag = bagFiles({
    'data/admissions/0.tlog-proof': await receiptOf(chain, 0),
    'data/admissions/1.tlog-proof': await receiptOf(chain, 1),
    'data/deposits/001/receipt.tlog-proof': await receiptOf(chain, index),
    ...Object.fromEntries(below),
    'VERIFY.md': verifyGuide,
    policy: policyText,
    ...extra,
  })
  return writeFiles(folder, bag)
}

/** What both verifiers print of a package with --json. */
export async function documentsOf(root: string, policy?: string): Promise<readonly object[]> {
  const args = ['check', root, '--policy', policyBeside(root, policy), '--json']
  return [(await evidence(args)).json<object>(), python('evidence_verify.py', args).json<object>()]
}

/** The policy that a package is checked with, as a file. */
function policyBeside(root: string, text = policyText): string {
  const file = `${root}.policy`
  writeFileSync(file, text)
  return file
}

export interface Judged {
  readonly by: 'evidence' | 'python' | 'VERIFY.md'
  readonly code: number | null
  readonly text: string
}

/** What each of the three judges says of a package: this project's check, the Python verifier, the program of VERIFY.md. */
export async function judgedByAll(root: string, policy?: string): Promise<readonly Judged[]> {
  const args = ['check', root, '--policy', policyBeside(root, policy)]
  const [ours, theirs] = [await evidence(args), python('evidence_verify.py', args)]
  const program = `${root}.verify.py`
  writeFileSync(program, /^```python\n([\s\S]*?)^```$/m.exec(verifyGuide)?.[1] ?? '')
  const guide = spawnSync('python3', ['-I', program, 'policy'], { cwd: root, encoding: 'utf8' })
  return [
    { by: 'evidence', code: ours.code, text: ours.stdout + ours.stderr },
    { by: 'python', code: theirs.code, text: theirs.stdout + theirs.stderr },
    { by: 'VERIFY.md', code: guide.status, text: guide.stdout + guide.stderr },
  ]
}

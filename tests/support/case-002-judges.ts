import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import type { Desk } from './case-002-desk.ts'
import { evidence } from './cli.ts'
import { policyOfFolder } from './folder.ts'
import { pythonText } from './python.ts'
import { verifier } from './python-verifier.ts'

/* Both verifiers, asked about what the play of case-002 left. */

/** What a verifier said: its exit code, and the codes of all faults, each once. */
export interface Verdict {
  readonly exit: number | null
  readonly codes: readonly string[]
}

interface Findings {
  readonly exit?: number
  readonly faults?: readonly { readonly code: string }[]
}

const codesOf = ({ faults = [] }: Findings): string[] => [...new Set(faults.map(({ code }) => code))]

/** Our own verdict and Python's: of a file or folder with its receipt, or of a package. */
export async function judgeBoth(
  { server, evidence: cwd }: Desk,
  path: string,
  withReceipt: readonly string[] = [],
): Promise<{ readonly ours: Verdict; readonly second: Verdict }> {
  const policy = ['--policy', server.folder.folder.policy]
  const options = withReceipt.map((value, i) => (i % 2 === 0 ? value : join(cwd, value)))
  const result = await evidence(['check', path, ...options, ...policy, '--json'], { cwd })
  const document = verifier(['check', join(cwd, path), ...options, ...policy])
  return {
    ours: { exit: result.code, codes: codesOf(result.json<Findings>()) },
    second: { exit: document.exit, codes: codesOf(document) },
  }
}

/** Of a receipt alone: what each verifier says of it, in the same words. */
export function judgeReceipt(
  { server, path }: Desk,
  receipt: string,
): { readonly ours: object; readonly second: object } {
  const file = join(path, 'one.tlog-proof')
  writeFileSync(file, receipt)
  const checked = checkReceipt(readFileSync(file), policyOfFolder(server.folder))
  const { index, iss, disclosures, withheld, exit } = verifier([
    'check',
    '--receipt',
    file,
    '--policy',
    server.folder.folder.policy,
  ]) as unknown as Record<string, unknown>
  const { faults, unjudged } = checked
  if (checked.receipt === undefined) throw new Error(`a receipt of the play cannot be read: ${faults[0]?.message}`)
  return {
    ours: {
      exit: faults.length > 0 ? 1 : unjudged.length > 0 ? 4 : 0,
      index: checked.receipt.entry.index,
      iss: checked.statement?.common.iss,
      disclosures: checked.disclosures.map(({ claim, value }) => ({ claim, value })),
      withheld: checked.withheld,
    },
    second: { exit, index, iss, disclosures, withheld },
  }
}

/** The Python verifier over an export, beside which the disclosures lie that the ledger still has. */
const walkWithDisclosures = `import json
import evidence_verify as verifier

class Kept(verifier.FolderSource):
    keeps_disclosures = True

    def disclosures(self, index):
        return KEPT.get(str(index), [])

folder, policy, kept = sys.argv[1:]
KEPT = json.load(open(kept, encoding="utf-8"))
policy = verifier.load_policy(policy)
source = Kept(folder)
report = verifier.walk(source, policy, [])
document = verifier.walk_as_json(report, source, policy)
document["text"] = list(verifier.walk_as_text(report, source, policy))
print(json.dumps(document))
`

export interface PythonWalk extends Findings {
  readonly flagged: readonly number[]
  readonly disclosures: { readonly present: number; readonly withheld: number; readonly foreign: number }
  readonly erasuresOrdered: readonly { readonly index: number; readonly by: number }[]
  readonly text: readonly string[]
}

/** Walks a stopped ledger's export by Python, with the disclosures of its data folder. */
export async function walkByPython({ server, path }: Desk, exported: string): Promise<PythonWalk> {
  const { root, folder } = server.folder
  const source = await FolderSource.open(root, readOwnKey(folder))
  const kept = join(path, 'disclosures.json')
  try {
    const disclosures = await source.disclosuresIn(0, 1 << 20)
    writeFileSync(kept, JSON.stringify(Object.fromEntries(disclosures)))
  } finally {
    await source.close()
  }
  return pythonText(walkWithDisclosures, [exported, folder.policy, kept]).json<PythonWalk>()
}

/** A text as it stands, and as it stands within base64, wherever it begins there: receipts hold what they say in base64. */
export function inAnyForm(text: string): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]).toString('base64')
    // Without the characters that hold bits of what stands before and after.
    return whole.slice(shift === 0 ? 0 : shift + 1, -4)
  })
  return [text, ...encoded]
}

/** Files below a folder that hold any of some texts. */
export function filesWith(root: string, texts: readonly string[]): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(root, name)
    if (!statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return texts.some((text) => bytes.includes(text))
  })
}

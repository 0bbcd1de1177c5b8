import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { kinds } from '../../src/statements/kinds.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The file that composes statements of each kind: it alone may name it, besides the kind's own file and the table. */
const composedIn: Readonly<Record<string, string>> = {
  'ledger.genesis': 'src/ledger/create.ts',
  'participant.admit': 'cli/commands/participants.ts',
  'participant.revoke': 'cli/commands/participants.ts',
  'participant.rotate-key': 'cli/commands/participants.ts',
  'evidence.deposit': 'cli/deposit/statement.ts',
  'evidence.attest': 'cli/commands/attest.ts',
  'evidence.retract': 'cli/commands/attest.ts',
  'access.rule': 'cli/commands/access.ts',
  'erasure.order': 'cli/commands/erase-order.ts',
  'evidence.event': 'cli/custody/offers.ts',
  'custody.transfer': 'cli/custody/acting.ts',
  'custody.end': 'cli/commands/custody.ts',
  'custody.resume': 'cli/commands/custody.ts',
  'ledger.rotate-key': 'src/ledger/rotation.ts',
  'ledger.set-approvals': 'cli/commands/approvals.ts',
  'ledger.change': 'cli/commands/approvals.ts',
  'ledger.close': 'cli/commands/ledger-state.ts',
  'ledger.end-intake': 'cli/commands/ledger-state.ts',
  'ledger.set-format': 'cli/commands/ledger-state.ts',
}

/** The files of the page that compose statements. */
const composedInPage = ['web/deposit/statement.ts', 'web/case/statements.ts']

/** Name of a kind's object: `evidence.deposit` is `evidenceDeposit`. */
const symbolOf = (kind: string): string => kind.replace(/[.-]([a-z])/g, (_, letter: string) => letter.toUpperCase())

describe('a statement kind', () => {
  // The script in VERIFY.md is a verifier of its own, and knows the kinds by itself as the Python verifier does.
  const files = execFileSync('git', ['ls-files', 'src', 'server', 'cli', 'web'], { cwd: root, encoding: 'utf8' })
    .split('\n')
    .filter((path) => /\.tsx?$/.test(path) && path !== 'src/package/verify-guide.ts')
    .map((path) => ({ path, source: readFileSync(`${root}${path}`, 'utf8') }))

  it.each(kinds)('%s is named by its own file, the table and the file that composes it alone', (kind) => {
    const own = `src/statements/kinds/${kind.replace('.', '-')}.ts`
    const named = files
      .filter(({ source }) => source.includes(`'${kind}'`) || new RegExp(`\\b${symbolOf(kind)}\\b`).test(source))
      .map(({ path }) => path)
    const allowed = [own, 'src/statements/kind-table.ts', composedIn[kind], ...composedInPage]
    expect(named.filter((path) => !allowed.includes(path))).toEqual([])
    expect(named).toContain(own)
  })
})

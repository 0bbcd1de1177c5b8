import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestFolder, trialFolder } from './folder.ts'

/** A closed ledger that tests damage, and that is put back as it was. */
export interface KeptLedger {
  readonly test: TestFolder
  readonly restore: () => void
  readonly remove: () => void
}

/** Makes a ledger with so many deposits, each with these sealed claims, and keeps a copy of it. */
export async function keptLedger(deposits: number, sealed: object): Promise<KeptLedger> {
  const test = await trialFolder()
  const ledger = await test.open()
  const made = Array.from({ length: deposits }, (_, i) => test.deposit(`content ${i}`, { sealed }).presentation)
  await Promise.all(made.map((presentation) => ledger.deposit(presentation)))
  await ledger.close()
  const kept = join(test.root, '..', 'kept')
  cpSync(test.root, kept, { recursive: true })
  return {
    test,
    restore: () => {
      rmSync(test.root, { recursive: true })
      cpSync(kept, test.root, { recursive: true })
    },
    remove: test.remove,
  }
}

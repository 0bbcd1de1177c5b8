import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initTrial, type TrialOptions } from '../../cli/serve/trial.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { type DataFolder, dataFolder, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { Ledger, type OpenOptions } from '../../src/ledger/ledger.ts'
import { readKeyFile, type SigningKey } from '../../src/node/key-file.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { deposit, type StatementOptions } from './statements.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'

export interface TestFolder {
  readonly root: string
  readonly folder: DataFolder
  readonly origin: string
  readonly administrator: SigningKey
  readonly depositor: SigningKey
  /** A signed deposit of one item. */
  readonly deposit: (content: string, options?: StatementOptions) => ComposedStatement
  readonly open: (options?: OpenOptions) => Promise<Ledger>
  readonly remove: () => void
}

/** Copies a folder with its modes, which cpSync does not keep from Node 22 on. */
export function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to])
}

/** A temporary folder that goes with the test. */
export function temporaryFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'evidence-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** A real trial ledger on the disk: genesis and one depositor. */
export async function trialFolder(options: Partial<TrialOptions> = {}): Promise<TestFolder> {
  installNativePrimitives()
  const { path, remove } = temporaryFolder()
  const root = join(path, 'data')
  const origin = options.origin ?? 'test.example/trial'
  await initTrial(root, { origin, reading: 'public', openDisclosures: false, ...options })
  const folder = dataFolder(root)
  const depositor = readKeyFile(folder.depositorKey, options.passphrase)
  return {
    root,
    folder,
    origin,
    administrator: readKeyFile(folder.administratorKey, options.passphrase),
    depositor,
    deposit: (content, more) => deposit(depositor, origin, content, more),
    open: async (open = {}) => Ledger.open(root, readLedgerKey(root, options.passphrase), open),
    remove,
  }
}

export function policyOfFolder({ folder }: TestFolder): ReturnType<typeof readPolicyFile> {
  return readPolicyFile(folder.policy)
}

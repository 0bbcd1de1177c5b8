import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { deposit } from '../../src/words/en/deposit.ts'
import type { Words } from '../../src/words/index.ts'
import type { LedgerClient, LedgerInfo } from '../../src/client/ledger-client.ts'
import type { HashScript } from '../check/hashing.ts'

/** What every part of the page for deposits is given. */
export interface Depositing {
  readonly client: LedgerClient
  /** What the ledger says of itself; undefined while it cannot be asked. */
  readonly ledger: LedgerInfo | undefined
  readonly hashScript: HashScript
  readonly words: Words
  readonly said: typeof deposit
}

export const DepositContext = createContext<Depositing | undefined>(undefined)

export function useDepositing(): Depositing {
  const given = useContext(DepositContext)
  if (given === undefined) throw new Error('a part of the page for deposits outside it')
  return given
}

/** A ledger's log, wherever it lies: checkpoint, tiles, entries, disclosures; and verified proofs out of any of them. */
export * from './bundle.ts'
export * from './log.ts'
export * from './view.ts'

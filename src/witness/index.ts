/** A witness: it cosigns the checkpoints of other ledgers, each an extension of the one before (C2SP tlog-witness). */
export * from './cosigners.ts'
export * from './create.ts'
export * from './evidence-file.ts'
export * from './folder.ts'
export { requireStateOf } from './known-origins.ts'
export * from './log-list.ts'
export * from './state.ts'
export * from './witness.ts'

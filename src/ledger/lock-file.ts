/* The lock of a data folder: the same for a ledger's and a witness's. */
export { lockHolder, requireUnlocked, takeLock, whileUnlocked } from '../node/index.ts'

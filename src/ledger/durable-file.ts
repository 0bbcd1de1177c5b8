/* Files that are there as a whole, and stay. */
export { syncTree, writeDurably, writeSynced } from '../node/index.ts'

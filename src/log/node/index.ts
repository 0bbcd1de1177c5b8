/** A log in a folder of files. */
export * from './tile-folder.ts'

import { startOneFile } from './one-file.ts'

startOneFile(undefined)
